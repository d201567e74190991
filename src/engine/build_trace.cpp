#include "engine/build_trace.h"

#include <optional>

namespace belay::engine {

namespace {

// One field of a message: a number, or bytes (text and nested messages alike).
struct Field {
  std::uint64_t id = 0;
  std::uint64_t number = 0;
  std::string_view bytes;

  std::string text() const { return std::string(bytes); }
  std::int64_t integer() const { return static_cast<std::int64_t>(number); }
};

class FieldReader {
 public:
  explicit FieldReader(std::string_view message) : rest_(message) {}

  // The next field; nullopt at the end, and where the message is damaged.
  std::optional<Field> next() {
    const auto key = varint();
    if (!key) return {};
    Field field{.id = *key >> 3, .number = 0, .bytes = {}};
    switch (*key & 7) {
      case 0: {
        const auto value = varint();
        if (!value) return {};
        field.number = *value;
        return field;
      }
      case 1:
        return fixed(field, 8);
      case 2: {
        const auto length = varint();
        return length ? fixed(field, *length) : std::nullopt;
      }
      case 5:
        return fixed(field, 4);
      default:
        return {};
    }
  }

 private:
  std::optional<std::uint64_t> varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    return {};
  }

  std::optional<Field> fixed(Field field, std::uint64_t length) {
    if (length > rest_.size()) return {};
    field.bytes = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return field;
  }

  std::string_view rest_;
};

// The field numbers are those of BuildKit's control API: StatusResponse and its parts.
BuildVertex decode_vertex(std::string_view message) {
  BuildVertex vertex;
  FieldReader reader(message);
  while (const auto field = reader.next()) {
    if (field->id == 1) vertex.digest = field->text();
    if (field->id == 3) vertex.name = field->text();
    if (field->id == 4) vertex.cached = field->number != 0;
    if (field->id == 5) vertex.started = true;
    if (field->id == 6) vertex.completed = true;
    if (field->id == 7) vertex.error = field->text();
  }
  return vertex;
}

BuildStatus decode_status(std::string_view message) {
  BuildStatus status;
  FieldReader reader(message);
  while (const auto field = reader.next()) {
    if (field->id == 1) status.id = field->text();
    if (field->id == 2) status.vertex = field->text();
    if (field->id == 4) status.current = field->integer();
    if (field->id == 5) status.total = field->integer();
    if (field->id == 8) status.completed = true;
  }
  return status;
}

BuildLog decode_log(std::string_view message) {
  BuildLog log;
  FieldReader reader(message);
  while (const auto field = reader.next()) {
    if (field->id == 1) log.vertex = field->text();
    if (field->id == 4) log.text = field->text();
  }
  return log;
}

}  // namespace

BuildTrace decode_build_trace(std::string_view message) {
  BuildTrace trace;
  FieldReader reader(message);
  while (const auto field = reader.next()) {
    if (field->id == 1) trace.vertices.push_back(decode_vertex(field->bytes));
    if (field->id == 2) trace.statuses.push_back(decode_status(field->bytes));
    if (field->id == 3) trace.logs.push_back(decode_log(field->bytes));
  }
  return trace;
}

}  // namespace belay::engine
