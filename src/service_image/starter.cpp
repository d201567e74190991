#include <array>
#include <sys/stat.h>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"
#include "service_image/convention.h"
#include "service_image/service.h"

namespace belay::service_image {

namespace {

struct StarterFile {
  const char* name;
  bool executable;
  const char* text;
};

constexpr std::array starter{StarterFile{"Dockerfile", false, R"~(FROM debian:stable-slim

# The agreed user: its files on the host belong to druser.
RUN groupadd --gid 22022 drgroup && \
    useradd --uid 22022 --gid 22022 --no-create-home druser && \
    mkdir /config && chown druser:drgroup /config

COPY dr /dr
VOLUME /config
USER druser

CMD ["sh", "-c", "while true; do cat /config/greeting 2>/dev/null || echo Hello; sleep 60; done"]
)~"},
                             StarterFile{"README.md", false, R"~(# A service

    docker build -t my-service .
    belay check-image my-service
    belay service install my-service hello
    hello configure 'Good morning'
    hello run

Each script in `dr/` is called with the name of the service and its image. `belay help service` describes the rest.
)~"},
                             StarterFile{"dr/manifest.json", false, R"~({
  "scripts": "host",
  "commands": {
    "configure": "Set the greeting: configure TEXT",
    "run": "Start the service",
    "stop": "Stop it",
    "enter": "Open a shell in its container"
  }
}
)~"},
                             StarterFile{"dr/install", true, R"~(#!/bin/sh
# install SERVICE IMAGE: makes what the service needs before its first start. An update runs it as well: what ran before
# then runs from the new image.
set -eu
if [ -z "$(docker ps --quiet --filter "name=^dr-$1\$")" ]; then
  echo "$1 is installed. Start it: $1 run"
  exit 0
fi
docker rm --force "dr-$1" >/dev/null
exec "$(dirname "$0")/run" "$1" "$2"
)~"},
                             StarterFile{"dr/destroy", true, R"~(#!/bin/sh
# destroy SERVICE IMAGE: removes what the scripts have made. Belay removes what is named dr-SERVICE or labelled.
docker rm --force "dr-$1" >/dev/null 2>&1 || true
)~"},
                             StarterFile{"dr/help", true, R"~(#!/bin/sh
# help SERVICE IMAGE
cat <<END
$1 prints a greeting to its log once a minute.

  $1 configure TEXT   set the greeting
  $1 run              start it
  $1 stop             stop it
END
)~"},
                             StarterFile{"dr/backup", true, R"~(#!/bin/sh
# backup SERVICE IMAGE PATH: writes to PATH what is not in /config. This service has nothing else.
exit 0
)~"},
                             StarterFile{"dr/restore", true, R"~(#!/bin/sh
# restore SERVICE IMAGE PATH: the other way.
exit 0
)~"},
                             StarterFile{"dr/enter", true, R"~(#!/bin/sh
# enter SERVICE IMAGE
exec docker exec --interactive --tty "dr-$1" sh
)~"},
                             StarterFile{"dr/configure", true, R"~(#!/bin/sh
# configure SERVICE IMAGE TEXT
set -eu
if [ $# -ne 3 ]; then
  echo "usage: $1 configure TEXT" >&2
  exit 1
fi
printf '%s\n' "$3" |
  docker run --rm --interactive --label "$DR_LABEL" -v "dr-$1-config:/config" "$2" sh -c 'cat >/config/greeting'
)~"},
                             StarterFile{"dr/run", true, R"~(#!/bin/sh
# run SERVICE IMAGE: exit code 3, nothing to change, where it runs already.
set -eu
if [ -n "$(docker ps --quiet --filter "name=^dr-$1\$")" ]; then
  echo "$1 runs already"
  exit 3
fi
docker rm --force "dr-$1" >/dev/null 2>&1 || true
docker run --detach --init --restart unless-stopped --name "dr-$1" --label "$DR_LABEL" \
  -v "dr-$1-config:/config" "$2" >/dev/null
echo "$1 runs"
)~"},
                             StarterFile{"dr/stop", true, R"~(#!/bin/sh
# stop SERVICE IMAGE
docker stop "dr-$1" >/dev/null && echo "$1 is stopped"
)~"}};

}  // namespace

void write_starter(const fs::path& folder) {
  std::error_code error;
  if (fs::exists(folder, error) && (!fs::is_directory(folder, error) || !fs::is_empty(folder, error)))
    throw Conflict(format("{} is not an empty folder", printable(folder.string())), "Name one that is new.");
  for (const auto& file : starter) {
    const fs::path path = folder / file.name;
    make_folder(path.parent_path());
    write_file_durably(path, file.text, file.executable ? 0755 : 0644);
  }
}

}  // namespace belay::service_image
