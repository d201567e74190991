#include "model/checks.h"

#include <gtest/gtest.h>

#include "base/errors.h"
#include "model/spec.h"

namespace belay {
namespace {

std::string again(const std::string& line) {
  return to_text(parse_check(line));
}

std::string refusal(const std::string& line) {
  try {
    parse_check(line);
  } catch (const Error& error) {
    return error.what();
  }
  return "(taken)";
}

TEST(Checks, AreReadFromOneLine) {
  const Check check = parse_check("GET :8080/health 200,204 ~ok go");
  EXPECT_EQ(check.kind, Check::Kind::http);
  EXPECT_EQ(check.port, 8080);
  EXPECT_EQ(check.path, "/health");
  EXPECT_EQ(check.status, (std::vector<std::string>{"200", "204"}));
  EXPECT_EQ(check.match, "ok go") << "the pattern is the rest of the line";
  const Check tls = parse_check(
      "POST https://shop.example:8443/?a=1 2xx header='Accept: text/plain' cert=/etc/own.pem timeout=3s interval=1s "
      "retries=4");
  EXPECT_EQ(tls.method, "POST");
  EXPECT_TRUE(tls.tls);
  EXPECT_EQ(tls.host, "shop.example");
  EXPECT_EQ(tls.path, "/?a=1");
  EXPECT_EQ(tls.headers, (std::map<std::string, std::string>{{"Accept", "text/plain"}}));
  EXPECT_EQ(tls.certificate, "/etc/own.pem");
  EXPECT_EQ(tls.timeout, Seconds(3));
  EXPECT_EQ(tls.retries, 4);
  EXPECT_EQ(parse_check("tcp :5432").port, 5432);
  const Check exec = parse_check("exec exit=3 match='a b' -- sh -c 'exit 3'");
  EXPECT_EQ(exec.command, (std::vector<std::string>{"sh", "-c", "exit 3"}));
  EXPECT_EQ(exec.exit_code, 3);
  EXPECT_EQ(exec.match, "a b");
  EXPECT_EQ(parse_check("GET http://[::1]:80/").host, "::1");
}

TEST(Checks, AreWrittenAsTheyAreRead) {
  for (const char* line :
       {"GET :8080/health 200 ~ok", "HEAD :80/ 2xx", "GET https://:8443/a?b=c 200,404 timeout=2s interval=250ms ~^x$",
        "TCP :5432", "exec pg_isready -U shop", "exec exit=3 'match=a b' -- sh -c 'exit 3'"}) {
    EXPECT_EQ(again(line), line);
    EXPECT_EQ(parse_check(again(line)), parse_check(line));
  }
  EXPECT_EQ(again("GET :80/ retries=2 header=Authorization:secret ~x"),
            "GET :80/ 2xx header=Authorization retries=2 ~x")
      << "what a header says is nobody's business";
  EXPECT_EQ(again("exec retries=2 true"), "exec retries=2 -- true");
  EXPECT_EQ(question(parse_check("GET :80/ 200 retries=2 ~x")), "GET :80/ 200 ~x");
}

TEST(Checks, WithAMistakeAreRefused) {
  EXPECT_EQ(refusal("GTE :80/"), "'GTE' is no check");
  EXPECT_EQ(refusal(""), "'' is no check");
  EXPECT_EQ(refusal("GET"), "'GET' names no port");
  EXPECT_EQ(refusal("GET /health"), "'/health' names no port");
  EXPECT_EQ(refusal("GET :0/"), "'0' is no port");
  EXPECT_EQ(refusal("GET :65536/"), "'65536' is no port");
  EXPECT_EQ(refusal("GET :80/ 600"), "'600' is no status of HTTP");
  EXPECT_EQ(refusal("GET :80/ tries=3"), "'tries=3' is no status of HTTP");
  EXPECT_EQ(refusal("GET :80/ ~"), "there is no pattern after '~'");
  EXPECT_EQ(refusal("GET :80/ ~(a"), "'(a' is no regular expression: missing ): (a");
  EXPECT_EQ(refusal("HEAD :80/ ~a"), "the answer to HEAD has no body that could be searched");
  EXPECT_EQ(refusal("GET :80/ cert=/x.pem"), "a certificate is of use only with https");
  EXPECT_EQ(refusal("GET http://a:b@c:80/"), "a check's target has no user and password");
  EXPECT_EQ(refusal("GET :80/ header='A: b\nC: d'"), "'A' is no header that can be sent");
  EXPECT_EQ(refusal("TCP other:80"), "'other:80' names another host");
  EXPECT_EQ(refusal("TCP :80 ~x"), "a check of a port alone has no answer that could be searched");
  EXPECT_EQ(refusal("exec"), "the check runs no command");
  EXPECT_EQ(refusal("GET :80/ timeout=soon"), "'soon' of 'timeout' is no time");
}

TEST(Checks, TakeClassesOfStatuses) {
  EXPECT_TRUE(fits(parse_check("GET :80/"), 204));
  EXPECT_FALSE(fits(parse_check("GET :80/"), 302));
  EXPECT_TRUE(fits(parse_check("GET :80/ 200,3xx"), 302));
  EXPECT_FALSE(fits(parse_check("GET :80/ 200,3xx"), 201));
}

Spec with_check(const std::string& line) {
  Spec spec;
  Service service;
  service.name = "web";
  service.image = "web:1";
  service.checks = {parse_check(line)};
  spec.services = {service};
  return spec;
}

TEST(Checks, AreKeptWithTheSpec) {
  const Spec spec =
      with_check("GET https://a:443/b 200,3xx header='X-Key: 1' cert=/c.pem timeout=1s interval=2s retries=3 ~d");
  EXPECT_EQ(spec_from_json(spec_to_json(spec)), spec);
  const Spec command = with_check("exec exit=3 match=x sh -c y");
  EXPECT_EQ(spec_from_json(spec_to_json(command)), command);
}

TEST(Checks, ThatChangeLeaveTheContainerAsItIs) {
  const Spec before = with_check("GET :80/ 200"), after = with_check("GET :80/ 200 header='Authorization: secret'");
  const auto changes = differences(before, after);
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].text(), "checks: GET :80/ 200 → GET :80/ 200 header=Authorization");
  EXPECT_EQ(changes[1].text(), "checks.headers.Authorization: + (hidden)");
  EXPECT_TRUE(can_change_in_place(before, after));
  EXPECT_TRUE(can_go_on(before.services[0], after.services[0]));
  EXPECT_EQ(spec_to_json(without_secrets(after)).find("secret"), std::string::npos);
}

TEST(Checks, ThatCannotBeAskedAreRefusedWithTheSpec) {
  const auto reason = [](const Spec& spec) -> std::string {
    try {
      check_spec(spec);
    } catch (const Error& error) {
      return error.what();
    }
    return "(taken)";
  };
  Spec job = with_check("exec true");
  EXPECT_EQ(reason(job), "(taken)");
  job.services[0].job = true;
  EXPECT_EQ(reason(job), "the check 'exec true': web is a job");
  Spec alone = with_check("TCP :80");
  alone.services[0].network_mode = "none";
  EXPECT_EQ(reason(alone), "the check 'TCP :80': a container without a network cannot be asked");
}

}  // namespace
}  // namespace belay
