#include "tools/recipient_words.hpp"

namespace suppressd::words {
namespace {

// clang-format off
constexpr auto first_list = std::to_array<std::string_view>({
    "maria", "anna", "olena", "kateryna", "sofia", "julia", "laura", "emma", "olivia", "mia",
    "lena", "hannah", "lisa", "sarah", "sandra", "nicole", "claudia", "petra", "monika",
    "agnieszka", "ewa", "zofia", "camille", "chloe", "manon", "lea", "julie", "giulia", "chiara",
    "francesca", "elena", "lucia", "carmen", "paula", "ana", "beatriz", "fernanda", "camila",
    "valentina", "isabella", "priya", "ananya", "divya", "fatima", "aisha", "zeynep", "elif",
    "ayse", "yuki", "sakura", "mei", "ling", "jessica", "ashley", "emily", "amanda", "jennifer",
    "michelle", "karen", "linda", "susan", "james", "john", "robert", "michael", "david",
    "william", "richard", "joseph", "thomas", "charles", "daniel", "matthew", "anthony", "mark",
    "paul", "andrew", "joshua", "kevin", "brian", "george", "oleksandr", "andriy", "dmytro",
    "ivan", "mykola", "serhii", "taras", "bohdan", "jan", "piotr", "krzysztof", "tomasz", "pawel",
    "lukas", "leon", "felix", "jonas", "stefan", "markus", "juergen", "pierre", "louis", "hugo",
    "antoine", "nicolas", "marco", "luca", "matteo", "alessandro", "giuseppe", "carlos", "jose",
    "javier", "diego", "pedro", "joao", "rafael", "gustavo", "thiago", "lucas", "raj", "amit",
    "rahul", "vikram", "omar", "ali", "mehmet", "mustafa", "emre", "kenji", "hiroshi", "takumi",
    "wei", "jun", "oscar", "erik", "lars", "nils",
});

constexpr auto last_list = std::to_array<std::string_view>({
    "smith", "johnson", "williams", "brown", "jones", "garcia", "miller", "davis", "rodriguez",
    "martinez", "hernandez", "lopez", "gonzalez", "wilson", "anderson", "taylor", "moore",
    "jackson", "martin", "lee", "perez", "thompson", "white", "harris", "sanchez", "clark",
    "ramirez", "lewis", "robinson", "walker", "young", "allen", "king", "wright", "scott",
    "torres", "nguyen", "hill", "flores", "green", "adams", "nelson", "baker", "hall", "rivera",
    "campbell", "mitchell", "carter", "roberts", "mueller", "schmidt", "schneider", "fischer",
    "weber", "meyer", "wagner", "becker", "schulz", "hoffmann", "koch", "bauer", "richter",
    "klein", "wolf", "schroeder", "neumann", "schwarz", "zimmermann", "braun", "krueger", "dubois",
    "moreau", "laurent", "simon", "michel", "lefebvre", "leroy", "roux", "bertrand", "morel",
    "fournier", "girard", "bonnet", "rossi", "russo", "ferrari", "esposito", "bianchi", "romano",
    "colombo", "ricci", "marino", "greco", "conti", "costa", "mancini", "rizzo", "shevchenko",
    "kovalenko", "bondarenko", "tkachenko", "kravchenko", "oliynyk", "shevchuk", "polishchuk",
    "boyko", "melnyk", "kovalchuk", "savchenko", "petrenko", "marchenko", "nowak", "kowalski",
    "wisniewski", "wojcik", "kowalczyk", "kaminski", "lewandowski", "zielinski", "szymanski",
    "silva", "santos", "oliveira", "souza", "pereira", "lima", "ferreira", "almeida", "ribeiro",
    "carvalho", "sharma", "verma", "gupta", "singh", "kumar", "patel", "reddy", "iyer", "khan",
    "yilmaz", "kaya", "demir", "celik", "sahin", "tanaka", "suzuki", "sato", "watanabe", "ito",
    "yamamoto", "nakamura", "kobayashi", "chen", "wang", "zhang", "liu", "yang", "huang",
    "johansson", "karlsson", "nilsson", "eriksson", "larsson", "olsson", "devries", "jansen",
    "bakker", "visser",
});

// Together below 1024: the rest of the mail goes to company domains.
constexpr auto provider_list = std::to_array<Provider>({
    {"gmail.com", 330}, {"yahoo.com", 70}, {"hotmail.com", 56}, {"outlook.com", 46},
    {"icloud.com", 40}, {"aol.com", 14}, {"live.com", 12}, {"msn.com", 6}, {"me.com", 6},
    {"proton.me", 8}, {"yandex.com", 4}, {"comcast.net", 8}, {"verizon.net", 4}, {"att.net", 4},
    {"googlemail.com", 6}, {"ukr.net", 14}, {"i.ua", 5}, {"meta.ua", 3}, {"gmx.de", 14},
    {"web.de", 14}, {"t-online.de", 9}, {"freenet.de", 3}, {"gmx.net", 5}, {"orange.fr", 9},
    {"free.fr", 6}, {"wanadoo.fr", 4}, {"laposte.net", 4}, {"sfr.fr", 4}, {"libero.it", 8},
    {"virgilio.it", 3}, {"alice.it", 3}, {"wp.pl", 8}, {"o2.pl", 5}, {"onet.pl", 4},
    {"interia.pl", 3}, {"seznam.cz", 6}, {"centrum.cz", 2}, {"btinternet.com", 5}, {"sky.com", 3},
    {"virginmedia.com", 3}, {"yahoo.co.uk", 6}, {"hotmail.co.uk", 5}, {"uol.com.br", 6},
    {"bol.com.br", 4}, {"terra.com.br", 3}, {"yahoo.com.br", 4}, {"hotmail.fr", 5},
    {"yahoo.fr", 4}, {"rediffmail.com", 4}, {"yahoo.co.in", 4}, {"qq.com", 10}, {"163.com", 7},
    {"126.com", 3}, {"naver.com", 6}, {"daum.net", 2}, {"docomo.ne.jp", 3}, {"yahoo.co.jp", 6},
    {"bigpond.com", 3}, {"optusnet.com.au", 2}, {"telenet.be", 2}, {"skynet.be", 2},
    {"ziggo.nl", 2}, {"kpnmail.nl", 2}, {"bluewin.ch", 2}, {"telia.com", 2}, {"sapo.pt", 2},
    {"abv.bg", 2}, {"mynet.com", 2},
});

constexpr auto head_list = std::to_array<std::string_view>({
    "north", "south", "blue", "green", "red", "silver", "golden", "bright", "clear", "prime",
    "alpha", "delta", "nova", "terra", "aqua", "solar", "urban", "royal", "global", "euro",
    "trans", "inter", "omni", "mega", "micro", "meta", "hyper", "true", "first", "new", "old",
    "high", "deep", "swift", "rapid", "smart", "open", "free", "alto", "stone", "iron", "oak",
    "maple", "cedar", "river", "lake", "ocean", "summit", "valley", "harbor", "bridge", "tower",
    "castle", "anchor", "compass", "beacon", "pioneer", "vector", "matrix", "fusion", "orbit",
});

constexpr auto tail_list = std::to_array<std::string_view>({
    "works", "soft", "ware", "tech", "labs", "media", "group", "logistics", "trade", "energy",
    "systems", "networks", "health", "pharma", "foods", "motors", "build", "design", "studio",
    "print", "travel", "tours", "estate", "capital", "finance", "invest", "legal", "consult",
    "advisors", "academy", "school", "clinic", "dental", "fitness", "sports", "fashion", "home",
    "garden", "tools", "parts", "supply", "store", "market", "shop", "bakery", "coffee", "wines",
    "farms", "paper", "steel", "glass", "textile", "plastics", "chem", "electric", "power",
    "water", "data", "cloud", "digital", "mobile",
});

constexpr auto top_list = std::to_array<std::string_view>({
    "com", "com", "com", "com", "net", "org", "de", "fr", "it", "es", "pl", "nl", "co.uk",
    "com.ua", "com.br", "ch", "at", "se", "io", "eu",
});

constexpr auto international_list = std::to_array<InternationalDomain>({
    {"bücher-könig.de", "xn--bcher-knig-kcb9d.de"},
    {"müller-söhne.de", "xn--mller-shne-kcb9d.de"},
    {"grüne-gärten.at", "xn--grne-grten-v5a7z.at"},
    {"café-crème.fr", "xn--caf-crme-60ag.fr"},
    {"école-française.fr", "xn--cole-franaise-qgbu.fr"},
    {"español-niños.es", "xn--espaol-nios-4dbf.es"},
    {"żółw-łódź.pl", "xn--w-d-fnac58bc46bka.pl"},
    {"smörgås.se", "xn--smrgs-pra0j.se"},
    {"øl-og-brød.dk", "xn--l-og-brd-44ah.dk"},
    {"пошта-київ.укр", "xn----7sbhxjvgz7c9i.xn--j1amh"},
    {"книгарня.укр", "xn--80afohpdu5j.xn--j1amh"},
    {"пример-почта.рф", "xn----8sbnluoceedz3d.xn--p1ai"},
    {"παράδειγμα.ελ", "xn--hxajbheg2az3al.xn--qxam"},
    {"日本語メール.jp", "xn--4dkua4c8894azlbtz6h.jp"},
    {"例え.jp", "xn--r8jz45g.jp"},
    {"한국우편.kr", "xn--3e0b229b7gj6rb.kr"},
    {"中文邮箱.cn", "xn--fiq228cmvpbgt.cn"},
    {"türkçe-posta.com.tr", "xn--trke-posta-q6a3w.com.tr"},
});

constexpr auto prefixes_us = std::to_array<std::string_view>({
    "201", "202", "203", "205", "206", "207", "208", "210", "212", "213", "214", "215", "216",
    "217", "218", "224", "225", "228", "229", "231", "234", "239", "240", "248", "251", "252",
    "253", "254", "256", "260", "262", "267", "269", "270", "276", "281", "301", "302", "303",
    "304", "305", "307", "308", "309", "310", "312", "313", "314", "315", "316", "317", "318",
    "319", "320", "321", "323", "325", "330", "334", "336", "337", "339", "347", "352",
});
constexpr auto prefixes_gb = std::to_array<std::string_view>({
    "74", "75", "77", "78", "79",
});
constexpr auto prefixes_de = std::to_array<std::string_view>({
    "151", "152", "157", "159",
});
constexpr auto prefixes_fr = std::to_array<std::string_view>({
    "60", "61", "62", "63", "64", "65", "66", "67", "68", "69", "73", "74", "75", "76", "77", "78",
});
constexpr auto prefixes_it = std::to_array<std::string_view>({
    "320", "327", "328", "329", "330", "331", "333", "334", "335", "338", "339", "340", "345",
    "347", "348", "349",
});
constexpr auto prefixes_es = std::to_array<std::string_view>({
    "60", "61", "62", "63", "64", "65", "66", "67", "68", "69", "71", "72",
});
constexpr auto prefixes_pl = std::to_array<std::string_view>({
    "50", "51", "53", "57", "60", "66", "69", "72", "73", "78", "79", "88",
});
constexpr auto prefixes_ua = std::to_array<std::string_view>({
    "50", "63", "66", "67", "68", "73", "91", "92", "93", "94", "95", "96", "97", "98", "99",
});
constexpr auto prefixes_br = std::to_array<std::string_view>({
    "119", "219", "319", "419", "519", "619", "719", "819",
});
constexpr auto prefixes_in = std::to_array<std::string_view>({
    "96", "97", "98", "99",
});
constexpr auto prefixes_mx = std::to_array<std::string_view>({
    "55", "33", "81", "22",
});
constexpr auto prefixes_au = std::to_array<std::string_view>({
    "40", "41", "42", "43", "44", "45", "46", "47", "48",
});
constexpr auto prefixes_nl = std::to_array<std::string_view>({
    "61", "62", "63", "64", "65",
});
constexpr auto prefixes_tr = std::to_array<std::string_view>({
    "505", "530", "532", "533", "535", "536", "538", "541", "542", "543", "544", "545", "546",
    "555",
});

constexpr auto country_list = std::to_array<PhoneCountry>({
    {"US", "1", "", prefixes_us, 7, 2000000, 15},
    {"GB", "44", "0", prefixes_gb, 8, 0, 6},
    {"DE", "49", "0", prefixes_de, 8, 0, 5},
    {"FR", "33", "0", prefixes_fr, 7, 0, 4},
    {"IT", "39", "", prefixes_it, 7, 0, 4},
    {"ES", "34", "", prefixes_es, 7, 0, 3},
    {"PL", "48", "", prefixes_pl, 7, 0, 3},
    {"UA", "380", "0", prefixes_ua, 7, 0, 4},
    {"BR", "55", "", prefixes_br, 8, 0, 6},
    {"IN", "91", "0", prefixes_in, 8, 0, 6},
    {"MX", "52", "", prefixes_mx, 8, 20000000, 3},
    {"AU", "61", "0", prefixes_au, 7, 0, 2},
    {"NL", "31", "0", prefixes_nl, 7, 0, 1},
    {"TR", "90", "0", prefixes_tr, 7, 0, 2},
});
// clang-format on

}  // namespace

const std::span<const std::string_view> first_names = first_list;
const std::span<const std::string_view> last_names = last_list;
const std::span<const Provider> providers = provider_list;
const std::span<const std::string_view> company_heads = head_list;
const std::span<const std::string_view> company_tails = tail_list;
const std::span<const std::string_view> company_tops = top_list;
const std::span<const InternationalDomain> international_domains = international_list;
const std::span<const PhoneCountry> phone_countries = country_list;

}  // namespace suppressd::words
