#pragma once
// What the daemon counts about itself, in the text form that Prometheus reads (exposition format 0.0.4).

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/guarded.h"

namespace belay::serve {

// By label name; values are free text.
using MetricLabels = std::map<std::string, std::string>;

namespace detail {
struct Histogram {
  struct Content {
    std::vector<std::uint64_t> counts;  // of each bucket alone; the last one has no bound
    double sum = 0;
  };
  explicit Histogram(std::vector<double> upper_bounds)
      : bounds(std::move(upper_bounds)), content(Content{std::vector<std::uint64_t>(bounds.size() + 1), 0}) {}

  const std::vector<double> bounds;
  Guarded<Content> content;
};
}  // namespace detail

// Handles: small, copied freely, valid even when their series was forgotten or the registry is gone. Thread-safe.

// Only grows.
class Counter {
 public:
  void add(double amount = 1) { value_->fetch_add(amount, std::memory_order_relaxed); }

 private:
  friend class Metrics;
  explicit Counter(std::shared_ptr<std::atomic<double>> value) : value_(std::move(value)) {}
  std::shared_ptr<std::atomic<double>> value_;
};

class Gauge {
 public:
  void set(double value) { value_->store(value, std::memory_order_relaxed); }
  void add(double amount) { value_->fetch_add(amount, std::memory_order_relaxed); }

 private:
  friend class Metrics;
  explicit Gauge(std::shared_ptr<std::atomic<double>> value) : value_(std::move(value)) {}
  std::shared_ptr<std::atomic<double>> value_;
};

class Histogram {
 public:
  void observe(double value);

 private:
  friend class Metrics;
  explicit Histogram(std::shared_ptr<detail::Histogram> histogram) : histogram_(std::move(histogram)) {}
  std::shared_ptr<detail::Histogram> histogram_;
};

// Thread-safe. Asking again for the same name and labels gives the same series, so that a handle may be kept or asked
// for each time. Throws Error for names the format does not allow and for a name that is used for two kinds.
class Metrics {
 public:
  // `name` of counters ends in "_total"; `help` is a sentence.
  Counter counter(const std::string& name, const std::string& help, const MetricLabels& labels = {});
  Gauge gauge(const std::string& name, const std::string& help, const MetricLabels& labels = {});
  // `bounds`: upper bounds of the buckets, growing; the same for all series of a name.
  Histogram histogram(const std::string& name, const std::string& help, const std::vector<double>& bounds,
                      const MetricLabels& labels = {});
  // Drops every series with this label, as for an app that is gone.
  void forget(const std::string& label, const std::string& value);
  // All of it, families by name, series by labels.
  std::string text() const;

  static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

 private:
  enum class Kind { counter, gauge, histogram };
  struct Series {
    std::shared_ptr<std::atomic<double>> value;
    std::shared_ptr<detail::Histogram> histogram;
  };
  struct Family {
    Kind kind = Kind::counter;
    std::string help;
    std::vector<double> bounds;
    std::map<MetricLabels, Series> series;
  };
  using Families = std::map<std::string, Family>;

  Series series(Kind kind, const std::string& name, const std::string& help, const std::vector<double>& bounds,
                const MetricLabels& labels);

  Guarded<Families> families_;
};

}  // namespace belay::serve
