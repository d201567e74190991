#include "base/pipe.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "base/errors.h"

namespace belay {
namespace {

std::string all_of(const Source& source) {
  std::string text;
  std::vector<char> room(1000);
  while (const std::size_t got = source(room)) text.append(room.data(), got);
  return text;
}

TEST(Pipe, GivesTheConsumerWhatTheProducerPushed) {
  std::string wanted;
  for (int i = 0; i < 300'000; ++i) wanted += std::to_string(i);
  std::string got;
  connected(
      [&](const Sink& sink) {
        for (size_t at = 0; at < wanted.size(); at += 777) sink(std::string_view(wanted).substr(at, 777));
      },
      [&](const Source& source) { got = all_of(source); }, {});
  EXPECT_EQ(got, wanted);
}

TEST(Pipe, TellsTheConsumerOfTheProducersFailureBehindItsBytes) {
  std::string got;
  EXPECT_THROW(connected(
                   [](const Sink& sink) {
                     sink("half");
                     throw Error(ErrorCode::internal, "the disk is gone");
                   },
                   [&](const Source& source) {
                     std::vector<char> room(100);
                     got.append(room.data(), source(room));
                     source(room);
                   },
                   {}),
               Error);
  EXPECT_EQ(got.substr(0, 4), "half");
}

TEST(Pipe, PassesAFailureOnThatTheConsumerDidNotStayFor) {
  EXPECT_THROW(connected([](const Sink&) { throw Error(ErrorCode::internal, "refused"); }, [](const Source&) {}, {}),
               Error);
}

TEST(Pipe, EndsAProducerWhoseConsumerHasEnough) {
  bool told = false;
  connected(
      [&](const Sink& sink) {
        try {
          for (;;) sink(std::string(100'000, 'x'));
        } catch (const Cancelled&) {
          told = true;
          throw;
        }
      },
      [](const Source& source) {
        std::vector<char> room(10);
        source(room);
      },
      {});
  EXPECT_TRUE(told);
}

TEST(Pipe, PassesTheConsumersFailureOn) {
  EXPECT_THROW(connected(
                   [](const Sink& sink) {
                     for (;;) sink(std::string(100'000, 'x'));
                   },
                   [](const Source&) { throw NotFound("no room"); }, {}),
               NotFound);
}

TEST(Pipe, EndsAWaitOnStop) {
  std::stop_source stopping;
  EXPECT_THROW(connected(
                   [&](const Sink& sink) {
                     stopping.request_stop();
                     for (;;) sink(std::string(100'000, 'x'));
                   },
                   [](const Source& source) { all_of(source); }, stopping.get_token()),
               Cancelled);
}

}  // namespace
}  // namespace belay
