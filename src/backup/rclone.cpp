#include "backup/rclone.h"

#include <algorithm>

#include "backup/part_name.h"
#include "base/child.h"
#include "base/errors.h"
#include "base/format.h"
#include "base/process.h"
#include "base/text.h"
#include "document/json.h"

namespace belay::backup {

namespace {

// What it has to take back a broken upload: it talks to the store for that.
constexpr Milliseconds grace{15'000};
constexpr Milliseconds patience_with_remote{30'000};

// Its exit codes.
constexpr int no_such_folder = 3, no_such_file = 4;

using Words = std::vector<std::string>;

// S3 has room for 10,000 pieces a file. Of a stream rclone knows no size, and with its usual 5 MiB it ends at 48 GiB,
// after all of that went over the line.
std::string piece_size(std::int64_t expected) {
  constexpr std::int64_t pieces = 8'000, mebibyte = std::int64_t{1} << 20, least = 16;
  return format("{}M", std::max(least, expected / pieces / mebibyte + 1));
}

// "2026/01/31 09:05:07 ERROR : " in front of what it says tells people nothing.
std::string without_dates(std::string_view errors) {
  std::string plain;
  for (const auto& line : split(errors, '\n')) {
    std::string_view words = line;
    constexpr std::size_t date = 20;  // "2026/01/31 09:05:07 "
    if (words.size() > date && words[4] == '/' && words[7] == '/' && words[13] == ':') words.remove_prefix(date);
    for (const std::string_view level : {"ERROR : ", "NOTICE: ", "CRITICAL: ", "Fatal error: "})
      if (words.starts_with(level)) words.remove_prefix(level.size());
    if (words.find("using defaults") != words.npos) continue;
    plain += words;
    plain += '\n';
  }
  return plain;
}

Error failure_of(int code, std::string_view errors) {
  const std::string words = last_words(without_dates(errors));
  const auto says = [&](std::string_view part) { return words.find(part) != std::string::npos; };
  std::string hint;
  if (says("didn't find section in config file") || says("unable to decrypt"))
    hint =
        "See what rclone knows with `rclone listremotes`, as the account that Belay runs as; make a remote with "
        "`rclone config`.";
  else if (says("AccessDenied") || says("Forbidden") || says("InvalidAccessKeyId") || says("SignatureDoesNotMatch"))
    hint = "Check the keys of the remote: rclone config";
  return Error(ErrorCode::program_failed,
               words.empty() ? format("rclone ended with exit code {}", code) : format("rclone: {}", words),
               std::move(hint));
}

// Its remotes, and the commands on them.
class Remote {
 public:
  Remote(const Place& place, Words rclone) : place_(place), rclone_(std::move(rclone)) {}

  std::string address(const std::string& name) const {
    const std::string folder = format("{}:{}", place_.remote, place_.path);
    if (name.empty()) return folder;
    return folder.ends_with('/') || folder.ends_with(':') ? folder + name : folder + "/" + name;
  }

  ChildRequest request(const Words& words) const {
    ChildRequest made;
    made.command = rclone_;
    // Nobody is there to answer a question.
    made.command.emplace_back("--ask-password=false");
    made.command.insert(made.command.end(), words.begin(), words.end());
    made.grace = grace;
    return made;
  }

  struct Answer {
    int code = 0;
    std::string output, errors;
    void check() const {
      if (code != 0) throw failure_of(code, errors);
    }
  };
  Answer run(const Words& words, Milliseconds patience, const std::stop_token& stop) const {
    Child child(request(words));
    child.set_patience(patience);
    child.close_input();
    Answer answer;
    char room[64 << 10];
    while (const std::size_t got = child.read(room, stop)) {
      constexpr std::size_t limit = std::size_t{64} << 20;
      answer.output.append(room, got);
      if (answer.output.size() > limit) throw Error(ErrorCode::program_failed, "rclone's answer does not end");
    }
    answer.code = child.wait(stop);
    answer.errors = child.errors();
    return answer;
  }

  // nullopt where there is no such folder.
  std::optional<std::vector<Stored>> files(const std::stop_token& stop) const {
    // The store's own times: those of the files, where they are not the same, cost a request each.
    const Answer answer =
        run({"lsjson", "--files-only", "--no-mimetype", "--use-server-modtime", "--", address({})}, {}, stop);
    if (answer.code == no_such_folder) return {};
    answer.check();
    const document::Node listing = document::read_json(answer.output, "rclone's list");
    std::vector<Stored> found;
    for (const auto& entry : listing.as_list("rclone's list")) found.push_back(stored(entry));
    return found;
  }

  std::optional<Stored> file(const std::string& name, const std::stop_token& stop) const {
    const Answer answer =
        run({"lsjson", "--stat", "--no-mimetype", "--use-server-modtime", "--", address(name)}, {}, stop);
    if (answer.code == no_such_folder || answer.code == no_such_file) return {};
    answer.check();
    const document::Node entry = document::read_json(answer.output, "rclone's answer");
    const auto* folder = entry.find("IsDir");
    // It says "a folder" of a name that nothing has, where the store has no folders.
    if (entry.is_null() || (folder != nullptr && folder->as_bool("IsDir"))) return {};
    return stored(entry);
  }

  Answer remove(const std::string& name, Milliseconds patience, const std::stop_token& stop) const {
    return run({"deletefile", "--", address(name)}, patience, stop);
  }

  std::string text(const std::string& name) const { return FilePlace{place_, name}.text(); }

 private:
  static Stored stored(const document::Node& entry) {
    Stored file;
    if (const auto* name = entry.find("Name")) file.name = name->as_text("a name");
    if (const auto* size = entry.find("Size")) file.size = size->as_int("a size");
    if (const auto* modified = entry.find("ModTime"))
      file.modified = parse_time(modified->as_text("a time")).value_or(Time{});
    return file;
  }

  const Place place_;
  const Words rclone_;
};

class RcloneUpload final : public Upload {
 public:
  RcloneUpload(Remote remote, const std::string& name, const UploadOptions& options, std::stop_token stop)
      : remote_(std::move(remote)),
        name_(name),
        part_(part_name(name)),
        what_(format("writing {}", remote_.text(name))),
        replace_(options.replace),
        stop_(std::move(stop)) {
    doing(what_, [&] {
      if (!replace_) refuse_taken();
      child_.emplace(
          remote_.request({"rcat", "--s3-chunk-size", piece_size(options.expected), "--", remote_.address(part_)}));
    });
  }

  ~RcloneUpload() override {
    if (done_ || !child_) return;
    child_->end();
    try {
      // Also after a stop: this is what remains to be done then. Mostly there is nothing: a store shows whole files.
      remote_.remove(part_, patience_with_remote, {});
    } catch (const Error&) {
      // Its name says that it is none, and remove_leftovers() will find it.
    }
  }

  void write(std::string_view bytes) override {
    doing(what_, [&] {
      try {
        child_->write(bytes, stop_);
        written_ += static_cast<std::int64_t>(bytes.size());
      } catch (const Cancelled&) {
        throw;
      } catch (const Error&) {
        throw failed();
      }
    });
  }

  void commit() override {
    doing(what_, [&] {
      if (child_->wait(stop_) != 0) throw failed();
      const auto sent = remote_.file(part_, stop_);
      if (!sent) throw Error(ErrorCode::program_failed, "rclone took all, but nothing is there");
      // Some remotes do not tell sizes.
      if (sent->size >= 0 && sent->size != written_)
        throw Error(ErrorCode::program_failed,
                    format("the remote has {} of the {} bytes that rclone took", sent->size, written_));
      if (!replace_) refuse_taken();
      remote_.run({"moveto", "--", remote_.address(part_), remote_.address(name_)}, {}, stop_).check();
      done_ = true;
    });
  }

 private:
  void refuse_taken() const {
    if (remote_.file(name_, stop_)) throw name_is_taken("a file of this name");
  }

  Error failed() {
    // Where it still runs, it has no more to say.
    child_->end();
    return failure_of(child_->wait({}), child_->errors());
  }

  const Remote remote_;
  const std::string name_, part_, what_;
  const bool replace_;
  const std::stop_token stop_;
  std::optional<Child> child_;
  std::int64_t written_ = 0;
  bool done_ = false;
};

class RcloneDownload final : public Download {
 public:
  RcloneDownload(const Remote& remote, const std::string& name, std::stop_token stop)
      : what_(format("reading {}", remote.text(name))), stop_(std::move(stop)) {
    doing(what_, [&] {
      const auto there = remote.file(name, stop_);
      if (!there) throw NotFound(ErrorCode::file_not_found, "the remote has no such file");
      if (there->size >= 0) size_ = there->size;
      child_.emplace(remote.request({"cat", "--", remote.address(name)}));
      child_->close_input();
    });
  }

  std::size_t read(std::span<char> room) override {
    return doing(what_, [&] {
      const std::size_t got = child_->read(room, stop_);
      done_ += static_cast<std::int64_t>(got);
      if (got > 0) return got;
      if (const int code = child_->wait(stop_); code != 0) throw failure_of(code, child_->errors());
      if (size_ && done_ < *size_)
        throw Error(ErrorCode::program_failed,
                    format("it ends after {} of {} bytes; something cut it off meanwhile", done_, *size_));
      return got;
    });
  }

  std::optional<std::int64_t> size() const override { return size_; }

 private:
  const std::string what_;
  const std::stop_token stop_;
  std::optional<Child> child_;
  std::optional<std::int64_t> size_;
  std::int64_t done_ = 0;
};

}  // namespace

std::unique_ptr<Upload> RcloneDestination::create_file(const std::string& name, const UploadOptions& options,
                                                       std::stop_token stop) {
  return std::make_unique<RcloneUpload>(Remote(place(), rclone_), name, options, std::move(stop));
}

std::unique_ptr<Download> RcloneDestination::open_file(const std::string& name, std::stop_token stop) {
  return std::make_unique<RcloneDownload>(Remote(place(), rclone_), name, std::move(stop));
}

std::vector<Stored> RcloneDestination::files(std::stop_token stop) {
  return doing(format("listing {}", text()), [&] {
    auto found = Remote(place(), rclone_).files(stop);
    if (!found) throw NotFound(ErrorCode::file_not_found, "the remote has no such folder");
    return std::move(*found);
  });
}

void RcloneDestination::remove_file(const std::string& name, std::stop_token stop) {
  doing(format("removing {}", FilePlace{place(), name}.text()), [&] {
    const auto answer = Remote(place(), rclone_).remove(name, {}, stop);
    // Some versions end with an exit code for everything else.
    if (answer.code == no_such_folder || answer.code == no_such_file ||
        answer.errors.find("doesn't exist") != std::string::npos)
      throw NotFound(ErrorCode::file_not_found, "the remote has no such file");
    answer.check();
  });
}

}  // namespace belay::backup
