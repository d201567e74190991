#!/bin/bash
# The stacks and units of examples/: each comes up, answers, comes back as a whole when one service of it is broken, and
# goes. The units are tested by their own tests as well.
# shellcheck source-path=SCRIPTDIR disable=SC2154
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

examples=$(realpath "$here/../../examples")

# An image with all programs of busybox, and what else is in $place/base.
base_image() {
  local applet
  mkdir -p "$place/base/bin"
  cp "$(command -v busybox)" "$place/base/bin/busybox"
  for applet in $(busybox --list | grep -vx busybox); do ln -sf busybox "$place/base/bin/$applet"; done
  mkdir -p "$place/base/tmp" "$place/base/srv"
  chmod 1777 "$place/base/tmp"
  tar -C "$place/base" -cf "$place/base.tar" .
  api POST "/images/create?fromSrc=-&repo=$prefix-base&tag=1&changes=ENV%20PATH=/bin" -H 'Content-Type: application/x-tar' \
    --data-binary "@$place/base.tar" >/dev/null
}

# The example, beside that image. Ports and the project's name are the test's own.
example() {
  base_image
  cp -r "$examples/$1/." .
  sed -i "s/^name: .*/name: $app/" compose.yaml
  new_port port
  printf 'BASE_IMAGE=%s\nPORT=%s\n' "$prefix-base:1" "$port" >.env
}
ids() { api GET '/containers/json?all=1' | jq -rc --arg p "$app" '[.[] | select(.Labels["com.docker.compose.project"] == $p) | .Names[0]] | sort'; }
has() { page "$port" "$1" | grep -q "$2"; }
goes() {
  expect_done belay down
  expect_equal 'the containers' '[]' "$(ids)"
}
# broken SCRIPT: with the Compose file changed by sed, the change fails, and all that was there is there again.
broken() {
  local before
  before=$(ids)
  cp compose.yaml good.yaml
  sed -i "$1" compose.yaml
  expect_not cmp -s compose.yaml good.yaml
  run belay up
  expect_exit 1
  expect_equal 'the containers' "$before" "$(ids)"
  mv good.yaml compose.yaml
  expect_done belay plan
  expect_out 'nothing to do'
}

test_the_guestbook() {
  example guestbook
  expect_done belay up
  eventually has cgi-bin/entries Guestbook
  curl -s -d 'Hello' "http://127.0.0.1:$port/cgi-bin/entries" >/dev/null
  expect has cgi-bin/entries Hello
  broken 's/^      DB_HOST: db$/      DB_HOST: nowhere/'
  expect has cgi-bin/entries Hello
  goes
  # Its entries outlive the containers.
  expect_done belay up
  eventually has cgi-bin/entries Hello
  goes
}

test_the_queue() {
  local number
  example queue
  expect_done belay up
  expect_equal 'workers' 3 "$(ids | grep -o worker | wc -l)"
  eventually has cgi-bin/tasks '0 done'
  for number in 1 2 3 4 5 6; do curl -s -d "task $number" "http://127.0.0.1:$port/cgi-bin/tasks" >/dev/null; done
  eventually has cgi-bin/tasks '0 waiting, 6 done'
  broken 's/entrypoint: \[httpd,/entrypoint: ["false",/'
  expect has cgi-bin/tasks '6 done'
  goes
}

test_the_proxy_and_its_sites() {
  local before
  example proxy
  expect_done belay up
  expect has blog/ 'The blog'
  expect has wiki/ 'The wiki'
  before=$(inspect "$app-wiki-1" .Id)
  echo '<h1>News</h1>' >pages/blog.html
  expect_done belay up
  expect has blog/ News
  expect_equal 'the other site' "$before" "$(inspect "$app-wiki-1" .Id)"
  broken 's/wiki wiki/wiki nowhere/'
  expect has wiki/ 'The wiki'
  goes
}

# The configuration directory of the units, with names of containers and images that are the test's own.
units() {
  export BASE_IMAGE=$prefix-base:1 GIT_BASE_IMAGE=$prefix-base:1 DOCKERSTRA_CONF=$PWD/examples/units
  mkdir examples
  cp -r "$examples/units" "$examples/guestbook" examples/
  find examples/units -name '*.yaml' -exec sed -i -E \
    "s#belay-example/#$prefix-#; s#\\b(notes|git|site)-(db|web|repos|server|view|pages)\\b#$app-\\1-\\2#g; s#(^import: )#\\1$app-#" {} +
  for unit in notes git site; do mv "examples/units/units/$unit" "examples/units/units/$app-$unit"; done
  new_port port
}

test_the_unit_of_notes() {
  base_image
  units
  expect_done belay unit run "$app-notes" --port "$port"
  eventually has cgi-bin/entries Notes
  curl -s -d 'Hello' "http://127.0.0.1:$port/cgi-bin/entries" >/dev/null
  expect has cgi-bin/entries Hello
  expect_done belay unit run "$app-notes/test:check:entries" --port "$port"
  expect_done belay unit run "$app-notes/update" --port "$port"
  expect has cgi-bin/entries Hello
  # A front that does not find its database does not come up, and the old one answers again.
  sed -i 's/DB_HOST: db/DB_HOST: nowhere/; s/read_only: true/read_only: true, entrypoint: [false]/' "$DOCKERSTRA_CONF/units/$app-notes/start.yaml"
  run belay unit run "$app-notes" --port "$port"
  expect_exit 1
  eventually has cgi-bin/entries Hello
  expect_done belay down "$app-notes"
}

test_the_unit_of_git() {
  local library
  mkdir -p "$place"/base/{lib64,usr}
  for library in $(ldd "$(command -v git)" /usr/lib/git-core/git-daemon /usr/lib/git-core/git-remote-http 2>/dev/null | grep -o '/[^ )]*\.so[^ )]*' | sort -u); do
    mkdir -p "$place/base${library%/*}"
    cp -L "$library" "$place/base$library"
  done
  mkdir -p "$place/base/usr/lib/git-core"
  mkdir -p "$place/base/bin"
  cp "$(command -v git)" "$place/base/bin/git"
  cp -a /usr/lib/git-core/{git,git-daemon,git-upload-pack,git-receive-pack,git-upload-archive} "$place/base/usr/lib/git-core/" 2>/dev/null || true
  base_image
  units
  local git_port
  new_port git_port
  expect_done belay unit run "$app-git:view" --view-port "$port" --git-port "$git_port"
  eventually has cgi-bin/log first.git
  expect_done belay unit run "$app-git/test:check:push" --view-port "$port" --git-port "$git_port"
  expect_done belay down "$app-git"
}

test_the_unit_of_a_build_job() {
  base_image
  units
  expect_done belay unit run "$app-site" --port "$port"
  eventually has about.html 'made by a job'
  expect_done belay unit run --output kept "$app-site/test:check:links" --port "$port"
  expect grep -q about.html "kept/links/$app-site-web/tmp/report/pages.txt"
  expect_done belay down "$app-site"
}

run_tests "$@"
