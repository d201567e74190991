#!/bin/bash
# Pages that a reader types line by line: each command on them ends as the page shows it. Images of the registry are
# stand-ins made of busybox under the same names. TYPED_PAGES=--write puts what was printed into the pages instead.
# shellcheck source-path=SCRIPTDIR disable=SC2154
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
own_mounts "$@"

repository=$(realpath "$here/../..")

# stand_in REFERENCE [CHANGE…]: an image with the programs of busybox, whose web page says which one it is, or $page.
stand_in() {
  local applet change query=()
  mkdir -p "$place/stand-in"/{bin,tmp,data,usr/share/nginx/html}
  cp "$(command -v busybox)" "$place/stand-in/bin/busybox"
  for applet in sh httpd wget sleep cat echo ls touch rm true false hostname; do ln -sf busybox "$place/stand-in/bin/$applet"; done
  echo "${page:-Welcome to ${1/:/ }}" >"$place/stand-in/usr/share/nginx/html/index.html"
  for change in "${@:2}"; do query+=(--data-urlencode "changes=$change"); done
  query=$(curl -s -o /dev/null -G -w '%{url_effective}' --data-urlencode changes='ENV PATH=/bin' "${query[@]}" http://127.0.0.1:1/ || true)
  tar -C "$place/stand-in" -cf "$place/stand-in.tar" .
  api POST "/images/create?fromSrc=-&repo=${1%:*}&tag=${1##*:}&${query#*\?}" -H 'Content-Type: application/x-tar' \
    --data-binary "@$place/stand-in.tar" >/dev/null
}
# A web server, which needs nothing but the files of the stand-in.
web='CMD ["sh","-c","httpd -p 80 -h /usr/share/nginx/html; trap exit TERM; sleep 2147483647 & wait"]'
web_of() { page=$1 stand_in "$2" "$web" 'EXPOSE 80'; }  # PAGE REFERENCE
images() {
  stand_in busybox:1.36 'CMD ["sh"]'
  stand_in nginx:1.25 "$web" 'EXPOSE 80'
  stand_in nginx:1.27 "$web" 'EXPOSE 80'
  stand_in redis:7.2 'CMD ["sh","-c","trap exit TERM; sleep 2147483647 & wait"]' 'VOLUME /data' 'EXPOSE 6379'
}
# type_page FILE: in the current folder.
type_page() {
  run "$engine_script" inside "$engine_folder" env PATH="$PATH" DOCKER_HOST="$DOCKER_HOST" BELAY_BACKUPS="$place/backups" \
    "$here/typed_page" ${TYPED_PAGES:+"$TYPED_PAGES"} "$1"
  expect_exit 0
  echo "$out"
}
# No container, no data, and a Belay that knows of nothing.
empty_host() {
  local id
  api GET '/containers/json?all=1' | jq -r '.[].Id' | while read -r id; do api DELETE "/containers/$id?force=1" >/dev/null; done
  api GET /volumes | jq -r '.Volumes[]?.Name' | while read -r id; do api DELETE "/volumes/$id?force=1" >/dev/null; done
  rm -rf "$BELAY_STATE_DIR" "$place/backups"
}
# page FILE…: types them on an engine of their own, one after the other, each in an empty folder and on an empty host.
page() {
  local file
  for file in "$@"; do
    mkdir "$place/${file##*/}"
    cd "$place/${file##*/}" || fail "no folder for $file"
    type_page "$repository/$file"
    empty_host
  done
}
# part FILE SED: of the page, what that leaves of it, in $part. Nothing is written into it.
part() {
  part=$place/part-$RANDOM.md
  sed "$2" "$repository/$1" >"$part"
}
# Folders that pages name, and nobody else sees.
own_srv() {
  mount -t tmpfs none /srv
  at_end umount -l /srv
}
# The app that pages begin with: a project with data, in /srv/shop.
shop() {
  own_srv
  mkdir /srv/shop
  cd /srv/shop || fail 'no /srv/shop'
  cat >compose.yaml <<'END'
name: shop
services:
  db: {image: "redis:7.2", volumes: ["data:/data"]}
  web: {image: "nginx:1.25", ports: ["8080:80"], depends_on: [db]}
volumes: {data: {}}
END
  expect_done "$engine_script" inside "$engine_folder" env PATH="$PATH" DOCKER_HOST="$DOCKER_HOST" belay up
  expect_done belay exec -T db sh -c 'echo precious >/data/orders'
}

test_a_reader_types_the_pages() {
  own_engine
  images
  page README.md docs/tutorial.md docs/howto/from-docker-run.md
}
test_a_reader_comes_from_compose() {
  local program=${COMPOSE:-}
  program=${program##*:}
  [ -x "$program" ] || return 0
  own_engine
  images
  mkdir -p "$HOME/.docker/cli-plugins"
  ln -s "$program" "$HOME/.docker/cli-plugins/docker-compose"
  page docs/howto/from-compose.md
}
# A stack as Portainer leaves it: made of a file in a place of its own, under a name that the file does not say.
test_a_reader_comes_from_portainer() {
  local program=${COMPOSE:-}
  program=${program##*:}
  [ -x "$program" ] || return 0
  own_engine
  images
  own_srv
  mkdir -p "$HOME/.docker/cli-plugins" "$place/data/compose/1" /srv/shop
  ln -s "$program" "$HOME/.docker/cli-plugins/docker-compose"
  cat >"$place/data/compose/1/docker-compose.yml" <<'END'
services:
  db: {image: "redis:7.2", volumes: ["data:/data"]}
  web: {image: "nginx:1.25", ports: ["8080:80"], environment: {GREETING: "${GREETING}"}, depends_on: [db]}
volumes: {data: {}}
END
  GREETING=hello expect_done docker compose -p shop -f "$place/data/compose/1/docker-compose.yml" up -d
  expect_done docker ps --format '{{.Names}} {{.Label "com.docker.compose.project"}} {{.Label "com.docker.compose.project.config_files"}}'
  expect_out 'shop-web-1 shop .*/data/compose/1/docker-compose.yml'
  cp "$place/data/compose/1/docker-compose.yml" /srv/shop/compose.yaml
  # Its data are in a volume: the host has no such folder.
  rm -r "$place/data"
  cd /srv/shop || fail 'no folder'
  # As the page says: what Belay wants to replace lacks a variable.
  expect_done belay plan -p shop
  expect_out 'GREETING'
  echo GREETING=hello >.env
  expect_done belay plan -p shop
  expect_out 'takes over 2 containers as they are: shop-db-1, shop-web-1'
  local before
  before=$(inspect shop-db-1 .Id)$(inspect shop-web-1 .Id)
  expect_done belay up -p shop
  expect_equal 'the containers' "$before" "$(inspect shop-db-1 .Id)$(inspect shop-web-1 .Id)"
  sed -i '1i name: shop' compose.yaml
  expect_done belay plan
  expect_out 'nothing to do'
}
test_a_reader_comes_from_watchtower() {
  local version
  own_engine
  cat >"$place/registry.yml" <<END
version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: "$place/registry"}}
http: {addr: "127.0.0.1:5000", secret: "only for this test"}
END
  background "$engine_script" inside "$engine_folder" docker-registry serve "$place/registry.yml" >"$place/registry.log" 2>&1
  eventually "$engine_script" inside "$engine_folder" curl -s -o /dev/null http://127.0.0.1:5000/v2/
  for version in 1.25.0 1.25.3 1.27.1; do
    web_of "blog $version" "127.0.0.1:5000/blog:$version"
    expect_done "$engine_script" inside "$engine_folder" env DOCKER_HOST="$DOCKER_HOST" docker push "127.0.0.1:5000/blog:$version"
    [ "$version" = 1.25.0 ] || api DELETE "/images/127.0.0.1:5000/blog:$version" >/dev/null
  done
  page docs/howto/from-watchtower.md
}
# With backup@nas.example in a server of this test's own, which has nothing but files.
test_a_reader_keeps_backups_on_a_nas() {
  own_engine
  images
  shop
  mkdir -p /srv/belay "$HOME/.ssh"
  sshd_files nas.example 2222
  background "$engine_script" inside "$engine_folder" /usr/sbin/sshd -D -e -f "$place/sshd/config" 2>"$place/sshd/log"
  eventually test -s "$place/sshd/pid"
  # The account of the page is root's here: a name of the machine has to be none of this test's.
  part docs/howto/backups-to-a-nas.md 's/backup@nas/root@nas/'
  type_page "$part"
  # What the page says of a disk that is not there.
  expect [ ! -e /mnt/disk2 ]
}
test_a_reader_moves_a_host() {
  local moved
  own_engine
  images
  shop
  part docs/howto/moving.md '/^On the new host:/,$d'
  type_page "$part"
  empty_host
  rm -r /srv/shop
  expect_not volume_exists shop_data
  cd /srv || fail 'no /srv'
  part docs/howto/moving.md '1,/^On the new host:/d'
  type_page "$part"
  expect_equal 'the data there' precious "$(belay exec -T shop/db cat /data/orders)"
  moved=$(inspect shop-web-1 .State.Running)
  expect_equal 'what runs there' true "$moved"
}

run_tests "$@"
