#include "serve/metrics.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/errors.h"
#include "base/format.h"

namespace belay::serve {

namespace {

bool is_name(std::string_view name, bool colons) {
  const auto letter = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colons && c == ':');
  };
  if (name.empty() || !letter(name.front())) return false;
  return std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return format("{}", value);
}

std::string escaped(std::string_view text, bool quotes) {
  std::string result;
  for (const char c : text) {
    if (c == '\n') {
      result += "\\n";
      continue;
    }
    if (c == '\\' || (quotes && c == '"')) result += '\\';
    result += c;
  }
  return result;
}

// `more`: a label behind the others, for the buckets.
std::string labels_text(const MetricLabels& labels, const std::optional<std::string>& bucket = {}) {
  std::string text;
  for (const auto& [name, value] : labels)
    text += format("{}{}=\"{}\"", text.empty() ? "" : ",", name, escaped(value, true));
  if (bucket) text += format("{}le=\"{}\"", text.empty() ? "" : ",", *bucket);
  return text.empty() ? text : "{" + text + "}";
}

void write_histogram(std::string& text, const std::string& name, const MetricLabels& labels,
                     const detail::Histogram& histogram) {
  histogram.content.with([&](const detail::Histogram::Content& content) {
    std::uint64_t total = 0;
    for (size_t at = 0; at < content.counts.size(); ++at) {
      total += content.counts[at];
      const auto bound = at < histogram.bounds.size() ? number_text(histogram.bounds[at]) : "+Inf";
      text += format("{}_bucket{} {}\n", name, labels_text(labels, bound), total);
    }
    text += format("{}_sum{} {}\n", name, labels_text(labels), number_text(content.sum));
    text += format("{}_count{} {}\n", name, labels_text(labels), total);
  });
}

}  // namespace

void Histogram::observe(double value) {
  const auto& bounds = histogram_->bounds;
  // A value that is exactly a bound belongs to that bucket.
  const auto bucket = static_cast<size_t>(std::lower_bound(bounds.begin(), bounds.end(), value) - bounds.begin());
  histogram_->content.with([&](detail::Histogram::Content& content) {
    ++content.counts[bucket];
    content.sum += value;
  });
}

Counter Metrics::counter(const std::string& name, const std::string& help, const MetricLabels& labels) {
  return Counter(series(Kind::counter, name, help, {}, labels).value);
}

Gauge Metrics::gauge(const std::string& name, const std::string& help, const MetricLabels& labels) {
  return Gauge(series(Kind::gauge, name, help, {}, labels).value);
}

Histogram Metrics::histogram(const std::string& name, const std::string& help, const std::vector<double>& bounds,
                             const MetricLabels& labels) {
  return Histogram(series(Kind::histogram, name, help, bounds, labels).histogram);
}

Metrics::Series Metrics::series(Kind kind, const std::string& name, const std::string& help,
                                const std::vector<double>& bounds, const MetricLabels& labels) {
  if (!is_name(name, true)) throw Error(ErrorCode::internal, format("'{}' is not a name for a metric", name));
  for (const auto& [label, value] : labels)
    if (!is_name(label, false) || label == "le")
      throw Error(ErrorCode::internal, format("'{}' is not a name for a label", label));
  return families_.with([&](Families& families) {
    auto& family = families[name];
    if (family.help.empty()) {
      family.kind = kind;
      family.help = help;
      family.bounds = bounds;
    }
    if (family.kind != kind || family.bounds != bounds)
      throw Error(ErrorCode::internal, format("the metric {} is two things", name));
    auto& series = family.series[labels];
    if (kind == Kind::histogram && !series.histogram) series.histogram = std::make_shared<detail::Histogram>(bounds);
    if (kind != Kind::histogram && !series.value) series.value = std::make_shared<std::atomic<double>>(0);
    return series;
  });
}

void Metrics::forget(const std::string& label, const std::string& value) {
  families_.with([&](Families& families) {
    for (auto& [name, family] : families)
      std::erase_if(family.series, [&](const auto& series) {
        const auto found = series.first.find(label);
        return found != series.first.end() && found->second == value;
      });
  });
}

std::string Metrics::text() const {
  std::string text;
  families_.with([&](const Families& families) {
    for (const auto& [name, family] : families) {
      if (family.series.empty()) continue;
      const auto kind = family.kind == Kind::counter ? "counter" : family.kind == Kind::gauge ? "gauge" : "histogram";
      text += format("# HELP {} {}\n# TYPE {} {}\n", name, escaped(family.help, false), name, kind);
      for (const auto& [labels, series] : family.series) {
        if (series.histogram)
          write_histogram(text, name, labels, *series.histogram);
        else
          text += format("{}{} {}\n", name, labels_text(labels), number_text(series.value->load()));
      }
    }
  });
  return text;
}

}  // namespace belay::serve
