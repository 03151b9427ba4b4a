#include "server/import_columns.hpp"

#include <algorithm>
#include <functional>
#include <span>

#include "server/import_sample.hpp"
#include "server/import_time.hpp"

namespace suppressd {
namespace {

/// Plain names, the more telling ones first.
constexpr std::string_view email_names[] = {
    "emailgiven",  // an export of ours: as it was given, before "email"
    "email",
    "emailaddress",
    "mail",
    "mailaddress",
    "emailaddr",
    "emails",
    "useremail",
    "contactemail",
    "primaryemail",
    "emailprimary",
    "email1",
    "email1value",
    "recipient",
    "recipientemail",
    "address",
    "destination",
    "subscriber",
    "to",
    // Spanish, Portuguese, French, Italian, German, Dutch, Polish, Turkish
    "correo",
    "correoelectrónico",
    "correoelectronico",
    "endereçodeemail",
    "courriel",
    "adressemail",
    "adresseemail",
    "adresseelectronique",
    "indirizzoemail",
    "emailadresse",
    "mailadresse",
    "emailadres",
    "adresemail",
    "eposta",
    // Ukrainian, Russian, in either case of their letters
    "пошта",
    "Пошта",
    "електроннапошта",
    "Електроннапошта",
    "почта",
    "Почта",
    "электроннаяпочта",
    "Электроннаяпочта",
    "имейл",
    "Имейл",
};
constexpr std::string_view phone_names[] = {
    "phonegiven",    "phone",         "phonenumber",    "mobile",         "mobilephone",
    "mobilenumber",  "msisdn",        "cell",           "cellphone",      "tel",
    "telephone",     "sms",           "smsphone",       "smsphonenumber", "whatsapp",
    "phone1",        "phone1value",   "primaryphone",   "teléfono",       "telefono",
    "móvil",         "movil",         "celular",        "telefone",       "téléphone",
    "portable",      "cellulare",     "telefon",        "telefonnummer",  "handy",
    "handynummer",   "mobiltelefon",  "telefoonnummer", "телефон",        "Телефон",
    "номертелефону", "Номертелефону", "номертелефона",  "Номертелефона",  "мобільний",
    "Мобільний",     "мобильный",     "Мобильный",
};
constexpr std::string_view reason_names[] = {
    "reason", "suppressionreason", "status",  "type", "bouncetype", "state", "motivo", "grund",
    "raison", "причина",           "Причина",
};
constexpr std::string_view time_names[] = {
    "at",        "createdat",      "created",      "date",      "datetime",
    "timestamp", "time",           "suppressedat", "updatedat", "lastupdatetime",
    "bouncedat", "unsubscribedat", "addedat",      "added",     "fecha",
    "datum",     "data",           "дата",         "Дата",
};
constexpr std::string_view evidence_names[] = {
    "evidence", "error", "diagnostic", "diagnosticcode", "message", "comment",
};
constexpr std::string_view region_names[] = {
    "region",
    "countrycode",
    "country",
};

using Test = std::function<bool(std::string_view cell)>;

/// Of the cells that hold anything, how many pass.
struct Share {
  size_t filled = 0, passed = 0;
  bool all() const { return filled > 0 && passed == filled; }
  bool most() const { return passed * 2 > filled; }
  double value() const {
    return filled == 0 ? 0 : static_cast<double>(passed) / static_cast<double>(filled);
  }
};

class Guess {
 public:
  Guess(const ImportSample& sample, const std::vector<size_t>& taken)
      : sample_(sample), taken_(taken) {
    for (const std::string& name : sample.names) plain_.push_back(plain_column_name(name));
    for (const auto& row : sample.rows) columns_ = std::max(columns_, row.size());
    columns_ = std::max(columns_, plain_.size());
  }

  void take(size_t column) { taken_.push_back(column); }

  std::optional<size_t> named(std::string_view plain) const {
    if (plain.empty()) return std::nullopt;
    for (size_t column = 0; column < plain_.size(); ++column) {
      if (plain_[column] == plain && free(column)) return column;
    }
    return std::nullopt;
  }

  Share share(size_t column, const Test& test) const {
    Share share;
    for (size_t row = 0; row < sample_.rows.size(); ++row) {
      const std::string_view cell = sample_.cell(row, column);
      if (cell.find_first_not_of(" \t\r\n'") == std::string_view::npos) continue;
      ++share.filled;
      share.passed += test(cell);
    }
    return share;
  }

  /// By name: one whose cells may be so; else by content; else by name alone.
  std::optional<size_t> address(std::span<const std::string_view> names, const Test& test,
                                const Test& by_content) const {
    std::optional<size_t> only_named;
    for (const std::string_view name : names) {
      const auto column = named(name);
      if (!column) continue;
      const Share found = share(*column, test);
      if (found.passed > 0 || found.filled == 0) return column;
      if (!only_named) only_named = column;
    }
    std::optional<size_t> best;
    double best_share = 0;
    for (size_t column = 0; column < columns_; ++column) {
      if (!free(column)) continue;
      const Share found = share(column, by_content);
      if (!found.most() || found.value() <= best_share) continue;
      best = column;
      best_share = found.value();
    }
    return best ? best : only_named;
  }

  /// By name, when every cell passes.
  std::optional<size_t> certain(std::span<const std::string_view> names, const Test& test) const {
    for (const std::string_view name : names) {
      const auto column = named(name);
      if (column && share(*column, test).all()) return column;
    }
    return std::nullopt;
  }

 private:
  bool free(size_t column) const {
    return std::find(taken_.begin(), taken_.end(), column) == taken_.end();
  }

  const ImportSample& sample_;
  std::vector<size_t> taken_;
  std::vector<std::string> plain_;
  size_t columns_ = 0;
};

/// What a number may look like when its region is not known here.
bool may_be_phone(std::string_view cell) {
  const auto digits =
      std::count_if(cell.begin(), cell.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits >= 5 && cell.find_first_not_of("0123456789+-.()/ '\t") == std::string_view::npos;
}

}  // namespace

bool is_known_column_name(std::string_view name) {
  const std::string plain = plain_column_name(name);
  const auto is_name = [&plain](std::string_view one) { return one == plain; };
  return std::any_of(std::begin(email_names), std::end(email_names), is_name) ||
         std::any_of(std::begin(phone_names), std::end(phone_names), is_name);
}

ImportColumns guess_columns(const ImportSample& sample, const std::optional<ImportExport>& known,
                            bool suppressions, const std::vector<size_t>& taken,
                            Normalizer& normalizer) {
  Guess guess(sample, taken);
  ImportColumns found;
  const auto keep = [&guess](std::optional<size_t>& slot, std::optional<size_t> column) {
    slot = column;
    if (column) guess.take(*column);
  };
  const Test email = [&](std::string_view cell) { return is_email(cell, normalizer); };
  const Test e164 = [&](std::string_view cell) { return is_e164(cell, normalizer); };
  keep(found.email, known ? guess.named(known->email) : std::nullopt);
  if (!found.email) keep(found.email, guess.address(email_names, email, email));
  if (!known) keep(found.phone, guess.address(phone_names, may_be_phone, e164));
  if (suppressions && known) {
    keep(found.reason, guess.named(known->reason_column));
    keep(found.at, guess.named(known->at));
    keep(found.evidence, guess.named(known->evidence));
  } else if (suppressions) {
    keep(found.reason, guess.certain(reason_names, [](std::string_view cell) {
      return parse_import_reason(ImportOrigin::none, cell, {}).has_value();
    }));
    keep(found.at, guess.certain(time_names, [](std::string_view cell) {
      return parse_import_time(cell).has_value();
    }));
    for (const std::string_view name : evidence_names) {
      if (!found.evidence) keep(found.evidence, guess.named(name));
    }
  }
  keep(found.region, guess.certain(region_names, [](std::string_view cell) {
    return parse_region(cell).has_value();
  }));
  return found;
}

bool lines_are_addresses(const ImportSample& sample, Normalizer& normalizer) {
  return std::any_of(sample.rows.begin(), sample.rows.end(), [&](const auto& row) {
    return !row.empty() && (is_email(row[0], normalizer) || may_be_phone(row[0]));
  });
}

}  // namespace suppressd
