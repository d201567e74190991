#!/bin/bash
# The stacks of examples/: each comes up, answers, comes back as a whole when one service of it is broken, and goes.
# shellcheck source-path=SCRIPTDIR disable=SC2154
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

examples=$(realpath "$here/../../examples")

# The example, beside an image with all programs of busybox. Ports and the project's name are the test's own.
example() {
  local applet
  mkdir -p "$place/base/bin"
  cp "$(command -v busybox)" "$place/base/bin/busybox"
  for applet in $(busybox --list | grep -vx busybox); do ln -sf busybox "$place/base/bin/$applet"; done
  mkdir -p "$place/base/tmp" "$place/base/srv"
  tar -C "$place/base" -cf "$place/base.tar" .
  api POST "/images/create?fromSrc=-&repo=$prefix-base&tag=1&changes=ENV%20PATH=/bin" -H 'Content-Type: application/x-tar' \
    --data-binary "@$place/base.tar" >/dev/null
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

run_tests "$@"
