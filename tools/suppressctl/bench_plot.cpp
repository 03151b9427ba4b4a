#include "tools/suppressctl/bench_plot.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace suppressctl {
namespace {

constexpr double width = 760, height = 360;
constexpr double left = 84, right = 150, top = 16, bottom = 56;  // margins, for the texts
constexpr unsigned x_ticks = 8, y_ticks = 6;
constexpr double label_gap_min = 15;  // between the series' names at the right edge

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

struct Range {
  double least, most;
  Scale scale;

  /// 0 to 1.
  double share(double value) const {
    if (scale == Scale::linear) return most > least ? (value - least) / (most - least) : 0.5;
    const double low = std::log10(least), high = std::log10(most);
    return high > low ? (std::log10(std::max(value, least)) - low) / (high - low) : 0.5;
  }
};

/// All values and a little room; linear ranges begin at zero.
Range range_of(const std::vector<double>& values, Scale scale) {
  std::vector<double> seen;
  for (const double value : values)
    if (std::isfinite(value) && (scale == Scale::linear || value > 0)) seen.push_back(value);
  if (seen.empty()) return {scale == Scale::linear ? 0.0 : 1.0, 10, scale};
  const auto [least, most] = std::minmax_element(seen.begin(), seen.end());
  if (scale == Scale::linear) return {0, *most > 0 ? *most * 1.05 : 1, scale};
  return {*least / 1.3, *most * 1.3, scale};
}

class Drawing {
 public:
  explicit Drawing(const Plot& plot) : plot_(plot) {
    std::vector<double> xs, ys;
    for (const Series& series : plot.series) {
      for (const auto& [x, y] : series.points) xs.push_back(x), ys.push_back(y);
    }
    if (plot.y_line > 0) ys.push_back(plot.y_line);
    x_ = range_of(xs, plot.x.scale);
    y_ = range_of(ys, plot.y.scale);
  }

  std::string draw() {
    out_ = "<svg viewBox=\"0 0 " + number(width) + " " + number(height) +
           "\" role=\"img\" aria-label=\"" + escaped(plot_.title) + "\">\n";
    axes();
    goal();
    for (size_t i = 0; i < plot_.series.size(); ++i) series(plot_.series[i], i);
    names();
    return out_ + "</svg>\n";
  }

 private:
  double at_x(double value) const { return left + x_.share(value) * (width - left - right); }
  double at_y(double value) const {
    return height - bottom - y_.share(value) * (height - top - bottom);
  }
  void line(const char* type, double x1, double y1, double x2, double y2) {
    out_ += std::string("<line class=\"") + type + "\" x1=\"" + number(x1) + "\" y1=\"" +
            number(y1) + "\" x2=\"" + number(x2) + "\" y2=\"" + number(y2) + "\"/>\n";
  }
  void text(const std::string& more, double x, double y, const std::string& words) {
    out_ += "<text " + more + " x=\"" + number(x) + "\" y=\"" + number(y) + "\">" + escaped(words) +
            "</text>\n";
  }

  void axes() {
    const double base = height - bottom, end = width - right;
    for (const double tick : ticks(x_.least, x_.most, x_.scale, x_ticks)) {
      line("grid", at_x(tick), top, at_x(tick), base);
      text("class=\"tick\" text-anchor=\"middle\"", at_x(tick), base + 18, plot_.x.tick_text(tick));
    }
    for (const double tick : ticks(y_.least, y_.most, y_.scale, y_ticks)) {
      line("grid", left, at_y(tick), end, at_y(tick));
      text("class=\"tick\" text-anchor=\"end\"", left - 8, at_y(tick) + 4, plot_.y.tick_text(tick));
    }
    line("axis", left, base, end, base);
    line("axis", left, top, left, base);
    text("class=\"title\" text-anchor=\"middle\"", (left + end) / 2, height - 12, plot_.x.title);
    const double middle = (top + base) / 2;
    text("class=\"title\" text-anchor=\"middle\" transform=\"rotate(-90 16 " + number(middle) +
             ")\"",
         16, middle, plot_.y.title);
  }

  void goal() {
    if (plot_.y_line <= 0) return;
    line("goal", left, at_y(plot_.y_line), width - right, at_y(plot_.y_line));
    labels_.push_back({at_y(plot_.y_line), plot_.y_line_name, "goal-name"});
  }

  void marker(size_t kind, double x, double y) {
    const std::string type = " class=\"m s" + std::to_string(kind) + "\"";
    if (kind % 3 == 0) {
      out_ += "<circle" + type + " cx=\"" + number(x) + "\" cy=\"" + number(y) + "\" r=\"3.5\"/>\n";
    } else if (kind % 3 == 1) {
      out_ += "<rect" + type + " x=\"" + number(x - 3.5) + "\" y=\"" + number(y - 3.5) +
              "\" width=\"7\" height=\"7\"/>\n";
    } else {
      out_ += "<polygon" + type + " points=\"" + number(x) + "," + number(y - 4.5) + " " +
              number(x + 4.5) + "," + number(y + 3.5) + " " + number(x - 4.5) + "," +
              number(y + 3.5) + "\"/>\n";
    }
  }

  void series(const Series& series, size_t kind) {
    if (series.points.empty()) return;
    std::string path;
    for (const auto& [x, y] : series.points)
      path += (path.empty() ? "" : " ") + number(at_x(x)) + "," + number(at_y(y));
    out_ += "<polyline class=\"l s" + std::to_string(kind) + "\" points=\"" + path + "\"/>\n";
    for (const auto& [x, y] : series.points) marker(kind, at_x(x), at_y(y));
    labels_.push_back(
        {at_y(series.points.back().second), series.name, "name s" + std::to_string(kind)});
  }

  /// At the right edge, beside where each line ends, without lying on each other.
  void names() {
    std::sort(labels_.begin(), labels_.end(),
              [](const Label& a, const Label& b) { return a.y < b.y; });
    double free_from = top;
    for (Label& label : labels_) {
      label.y = std::max(label.y, free_from);
      free_from = label.y + label_gap_min;
      text("class=\"" + label.type + "\"", width - right + 10, label.y + 4, label.name);
    }
  }

  struct Label {
    double y;
    std::string name;
    std::string type;
  };
  const Plot& plot_;
  Range x_{}, y_{};
  std::vector<Label> labels_;
  std::string out_;
};

}  // namespace

std::string svg(const Plot& plot) {
  return Drawing(plot).draw();
}

std::vector<double> ticks(double least, double most, Scale scale, unsigned wanted) {
  std::vector<double> found;
  if (scale == Scale::linear) {
    const double rough = (most - least) / std::max(1u, wanted);
    if (!(rough > 0)) return {least};
    const double power = std::pow(10, std::floor(std::log10(rough)));
    const double step = power * (rough <= power       ? 1
                                 : rough <= power * 2 ? 2
                                 : rough <= power * 5 ? 5
                                                      : 10);
    for (double i = std::ceil(least / step - 1e-9); i * step <= most * (1 + 1e-9); ++i)
      found.push_back(i * step);
    return found;
  }
  const double decades = std::log10(most / least);
  const bool between = decades <= wanted / 2.0;
  for (double exponent = std::floor(std::log10(least)); exponent <= std::log10(most); ++exponent) {
    for (const double digit : {1.0, 2.0, 5.0}) {
      const double value = digit * std::pow(10, exponent);
      if ((digit == 1 || between) && value >= least * (1 - 1e-9) && value <= most * (1 + 1e-9))
        found.push_back(value);
    }
  }
  return found;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace suppressctl
