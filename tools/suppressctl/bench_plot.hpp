// Plots as inline SVG: lines with markers over linear or logarithmic axes with round ticks. Colors
// come from the page's style sheet by class (s0, s1, …), and every series also has a marker and a
// dash of its own, so that it can be told apart without color.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace suppressctl {

enum class Scale : uint8_t { linear, logarithmic };

struct Axis {
  std::string title;  // with the unit
  Scale scale = Scale::linear;
  std::string (*tick_text)(double value);
};
struct Series {
  std::string name;
  std::vector<std::pair<double, double>> points;  // in order of x
};
struct Plot {
  std::string title;  // for readers who cannot see it
  Axis x, y;
  std::vector<Series> series;
  double y_line = 0;  // a goal to draw across; 0: none
  std::string y_line_name;
};

std::string svg(const Plot& plot);
/// Between least and most, about `wanted` of them: 1, 2 or 5 times a power of ten; on a logarithmic
/// axis powers of ten, with 2 and 5 between when there is room.
std::vector<double> ticks(double least, double most, Scale scale, unsigned wanted);
/// Text for HTML and SVG: & < > " and ' escaped.
std::string escaped(std::string_view text);

}  // namespace suppressctl
