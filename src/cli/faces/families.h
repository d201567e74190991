#pragma once
// The faces, for the table in faces.cpp.

#include <string>
#include <vector>

namespace belay::cli {

class Session;

int run_dr(Session& session, const std::vector<std::string>& arguments);
int run_jockler(Session& session, const std::vector<std::string>& arguments);
int run_docker_compose(Session& session, const std::vector<std::string>& arguments);
int run_docker_start(Session& session, const std::vector<std::string>& arguments);
int run_dockerup(Session& session, const std::vector<std::string>& arguments);
int run_dockervisor(Session& session, const std::vector<std::string>& arguments);

}  // namespace belay::cli
