#include "units/links.h"

#include <algorithm>
#include <arpa/inet.h>

#include "base/format.h"
#include "base/process.h"
#include "base/text.h"

namespace belay::units {

namespace {

using document::Node;

bool is_address(const std::string& text) {
  in6_addr room{};
  return ::inet_pton(AF_INET, text.c_str(), &room) == 1 || ::inet_pton(AF_INET6, text.c_str(), &room) == 1;
}

std::string asked(const std::vector<std::string>& resolver, const std::string& name, std::stop_token stop) {
  ProcessRequest request;
  request.command = resolver;
  request.command.push_back(name);
  request.deadline = Milliseconds(30'000);
  request.own_group = true;
  const ProcessResult result = run_process(request, std::move(stop));
  const std::string said(trim(result.output));
  if (result.exit_code == 0 && is_address(said)) return said;
  const std::string words = printable(trim(result.exit_code == 0 ? said : result.errors));
  throw NotFound(
      ErrorCode::container_not_found,
      format("{} knows no address of {}: {}", resolver.front(), name,
             result.exit_code == 0 ? format("it said '{}'", words)
                                   : format("exit code {}{}", result.exit_code, words.empty() ? "" : ": " + words)),
      "It gets the container's name as its last word, and prints its address.");
}

std::string address_of(const OtherHosts& hosts, const std::string& name, std::stop_token stop) {
  if (const auto known = hosts.addresses.find(name); known != hosts.addresses.end()) return known->second;
  if (!hosts.resolver.empty()) return asked(hosts.resolver, name, std::move(stop));
  throw NotFound(ErrorCode::container_not_found,
                 format("the container {} is not on this host, and the environment has no address of it", name),
                 "Give it one in an environment file: links: {hosts: {NAME: ADDRESS}}.");
}

bool is_of(const Declaration& unit, const std::string& container) {
  return std::any_of(unit.spec.services.begin(), unit.spec.services.end(), [&](const Service& service) {
    return service.name == container || service.container_name == container;
  });
}

}  // namespace

OtherHosts other_hosts(const Node& values) {
  OtherHosts found;
  const Node* links = values.find("links");
  if (links == nullptr || links->is_null()) return found;
  document::refuse_unknown_keys(*links, {"hosts", "resolver"}, "\"links\"");
  if (const Node* hosts = links->find("hosts"))
    for (const auto& member : hosts->as_map("\"hosts\"")) {
      const std::string& address = member.value.as_text("an address");
      if (!is_address(address))
        throw ConfigError(member.value.where(), format("'{}' is no address", printable(address)),
                          "Write it in numbers: 192.0.2.7.");
      found.addresses[member.key] = address;
    }
  if (const Node* resolver = links->find("resolver")) {
    if (resolver->is_list())
      for (const Node& word : resolver->items()) found.resolver.push_back(word.as_scalar("a word of \"resolver\""));
    else
      found.resolver = shell_words(resolver->as_text("\"resolver\""));
    if (found.resolver.empty()) throw ConfigError(resolver->where(), "\"resolver\" is empty", "Leave it out.");
  }
  return found;
}

void resolve_links(change::Context& context, Declaration& unit, const OtherHosts& hosts, std::stop_token stop) {
  if (hosts.empty()) return;
  for (Service& service : unit.spec.services)
    std::erase_if(service.links, [&](const std::string& link) {
      const std::string name = link.substr(0, link.find(':')), alias = link.substr(link.find(':') + 1);
      if (is_of(unit, name) || context.engine.container(name, stop)) return false;
      const std::string address =
          doing(format("the link of {} to {}", service.name, name), [&] { return address_of(hosts, name, stop); });
      service.extra_hosts.push_back(format("{}:{}", alias, address));
      if (alias != name) service.extra_hosts.push_back(format("{}:{}", name, address));
      context.report.note(format("{} reaches {} at {}: it is not on this host", service.name, name, address));
      return true;
    });
}

}  // namespace belay::units
