#!/bin/bash
# Pages that a reader types line by line: each command on them ends as the page shows it. Images of the registry are
# stand-ins made of busybox under the same names. TYPED_PAGES=--write puts what was printed into the pages instead.
# shellcheck source-path=SCRIPTDIR disable=SC2154
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
own_mounts "$@"

repository=$(realpath "$here/../..")

# stand_in REFERENCE [CHANGE…]: an image with the programs of busybox, whose web page says which one it is, or $page.
stand_in() {
  local applet
  mkdir -p "$place/stand-in"/{bin,tmp,data,usr/share/nginx/html}
  cp "$(command -v busybox)" "$place/stand-in/bin/busybox"
  for applet in sh httpd wget sleep cat echo ls touch rm true false hostname; do ln -sf busybox "$place/stand-in/bin/$applet"; done
  echo "${page:-Welcome to ${1/:/ }}" >"$place/stand-in/usr/share/nginx/html/index.html"
  image_of_folder "$place/stand-in" "$1" 'ENV PATH=/bin' "${@:2}"
}
# image_of_folder FOLDER REFERENCE [CHANGE…]
image_of_folder() {
  local change changes=() query
  for change in "${@:3}"; do changes+=(--data-urlencode "changes=$change"); done
  query=$(curl -s -o /dev/null -G -w '%{url_effective}' "${changes[@]}" http://127.0.0.1:1/ || true)
  tar -C "$1" -cf "$place/image.tar" .
  api POST "/images/create?fromSrc=-&repo=${2%:*}&tag=${2##*:}&${query#*\?}" -H 'Content-Type: application/x-tar' \
    --data-binary "@$place/image.tar" >/dev/null
  rm "$place/image.tar"
}
# Debian's Postgres under the names of the registry's: it wants a password that it can read, and makes its database first.
postgres_images() {
  local root=$place/postgres from=${POSTGRES:-} program tag major=15
  mkdir -p "$root"/{bin,etc,tmp,root,"usr/lib/postgresql/$major",usr/share/zoneinfo/Etc,var/lib/postgresql/data,var/run/postgresql}
  chmod 1777 "$root/tmp"
  cp "$(command -v busybox)" "$root/bin/busybox"
  for program in sh su cat chown chmod mkdir rm find; do ln -sf busybox "$root/bin/$program"; done
  for program in postgres initdb pg_isready psql pg_dump pg_dumpall; do
    linked_program "$root" "$from/usr/lib/postgresql/$major/bin/$program" "/usr/lib/postgresql/$major/bin"
  done
  cp -r "$from/usr/lib/postgresql/$major/lib" "$root/usr/lib/postgresql/$major/"
  rm -rf "$root/usr/lib/postgresql/$major/lib/bitcode" "$root/usr/lib/postgresql/$major/lib"/llvmjit*
  mkdir -p "$root/usr/share/postgresql"
  cp -r "$from/usr/share/postgresql/$major" "$root/usr/share/postgresql/"
  cp /usr/share/zoneinfo/UTC "$root/usr/share/zoneinfo/"
  cp /usr/share/zoneinfo/UTC "$root/usr/share/zoneinfo/Etc/"
  printf 'root:x:0:0::/root:/bin/sh\npostgres:x:999:999::/var/lib/postgresql:/bin/sh\n' >"$root/etc/passwd"
  printf 'root:x:0:\npostgres:x:999:\n' >"$root/etc/group"
  cat >"$root/start" <<'END'
#!/bin/sh
data=/var/lib/postgresql/data
chown -R postgres:postgres "$data" /var/run/postgresql
chmod 700 "$data"
if [ ! -e "$data/PG_VERSION" ]; then
  cat "$POSTGRES_PASSWORD_FILE" >/tmp/password || exit 1
  chown postgres /tmp/password
  su postgres -c "initdb -D $data --no-locale -E UTF8 -N --auth-host=scram-sha-256 --auth-local=trust --pwfile=/tmp/password" || exit 1
  rm /tmp/password
fi
exec su postgres -c "exec postgres -D $data -h '*' -c unix_socket_directories=/var/run/postgresql"
END
  chmod 755 "$root/start"
  for tag in 15 15.9 16; do
    image_of_folder "$root" "postgres:$tag" "ENV PATH=/bin:/usr/lib/postgresql/$major/bin" 'CMD ["/start"]' 'EXPOSE 5432' \
      'VOLUME /var/lib/postgresql/data'
  done
}
# Debian's nginx under the names of the registry's, with a curl for its probe.
nginx_images() {
  local root=$place/nginx program version
  mkdir -p "$root"/{bin,etc/nginx/conf.d,tmp,run,var/log/nginx,var/lib/nginx,usr/share/nginx/html}
  linked_program "$root" "${NGINX:-}/usr/sbin/nginx" /usr/sbin
  cp "$(command -v busybox)" "$root/bin/busybox"
  for program in sh wget; do ln -sf busybox "$root/bin/$program"; done
  printf '#!/bin/sh\nfor address; do :; done\nexec wget -q -O /dev/null "$address"\n' >"$root/bin/curl"
  chmod 755 "$root/bin/curl"
  printf 'root:x:0:0::/:\nnobody:x:65534:65534::/:\n' >"$root/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
  cat >"$root/etc/nginx/nginx.conf" <<'END'
daemon off;
user nobody nogroup;
worker_processes 1;
error_log stderr;
events { worker_connections 64; }
http { access_log off; include /etc/nginx/conf.d/*.conf; }
END
  echo 'server { listen 80; root /usr/share/nginx/html; }' >"$root/etc/nginx/conf.d/default.conf"
  for version in 1.25 1.27; do
    echo "Welcome to nginx $version" >"$root/usr/share/nginx/html/index.html"
    image_of_folder "$root" "nginx:$version" 'ENV PATH=/bin:/usr/sbin' 'CMD ["nginx"]' 'EXPOSE 80'
  done
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
# typed_blocks FILE [SED]: of the page, in $part, the blocks without a language as lines to type: in each line, what is a
# command and ends before two spaces.
typed_blocks() {
  part "$1" "${2:-}"
  awk '/^ *```/ { inside = !inside && /^ *```$/; print inside ? "```console" : "```"; next }
    inside && /^ *(sudo|belay|docker) / { sub(/^ */, ""); sub(/  +.*/, ""); print "$ " $0 }' "$part" >"$part.typed"
  mv "$part.typed" "$part"
}
# What pages say to the machine, and a test must not: sudo runs the rest as it is, the others only keep it in $place/asked.
machine() {
  local program
  printf '#!/bin/sh\nexec "$@"\n' >"$place/bin/sudo"
  for program in systemctl apt; do
    printf '#!/bin/sh\necho "%s $*" >>"%s"\n' $program "$place/asked" >"$place/bin/$program"
    chmod 755 "$place/bin/$program" "$place/bin/sudo"
  done
}
asked() { grep -qxF -- "$1" "$place/asked"; }
# What a container is and since when it runs.
alive() { inspect "$1" '.Id + " " + .State.StartedAt + " " + (.State.Running | tostring)'; }
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
  # A path that is none of this host may be another machine's, or a disk's that is not mounted.
  expect_refused 1 belay plan -p shop
  expect_err 'belay up --take-over shop'
  # As the page says: what Belay wants to replace lacks a variable.
  expect_done belay plan -p shop --take-over shop
  expect_out 'GREETING'
  echo GREETING=hello >.env
  expect_done belay plan -p shop --take-over shop
  expect_out 'takes over 2 containers as they are: shop-db-1, shop-web-1'
  local before
  before=$(inspect shop-db-1 .Id)$(inspect shop-web-1 .Id)
  expect_done belay up -p shop --take-over shop
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
test_a_reader_keeps_a_database() {
  [ -x "${POSTGRES:-}/usr/lib/postgresql/15/bin/postgres" ] || { echo 'skipped: there is no Postgres here' >&2; exit 0; }
  own_engine
  postgres_images
  own_srv
  cd /srv || fail 'no /srv'
  type_page "$repository/docs/howto/postgres.md"
}
test_a_reader_puts_a_proxy_in_front() {
  [ -x "${NGINX:-}/usr/sbin/nginx" ] || { echo 'skipped: there is no nginx here' >&2; exit 0; }
  own_engine
  nginx_images
  own_srv
  cd /srv || fail 'no /srv'
  type_page "$repository/docs/howto/proxy.md"
}
# Its app has six releases with data and a stable one, and a seventh that has just failed.
test_a_reader_is_woken_at_three() {
  local number
  own_engine
  for number in 1 2 3 4 5 6; do web_of "shop $number" "shop:$number"; done
  stand_in shop:7 'CMD ["false"]'
  expect_done belay deploy shop --image shop:1 -p 8080:80 -v data:/data -y
  for number in 2 3 4 5 6; do
    expect_done belay deploy shop --image "shop:$number" --snapshot
    [ $number != 5 ] || expect_done belay stable shop
  done
  BELAY_BACKUPS=$place/backups expect_done belay backup shop
  run_patiently belay deploy shop --image shop:7 --snapshot
  expect_exit 1
  typed_blocks docs/howto/three-in-the-morning.md '/^## 3/,$d'
  type_page "$part"
  expect_done belay why shop
  expect_out 'r7 was tried .* and failed'
  # What failed went back by itself: the page goes back from what ran at first. Of the data of r5 there is no snapshot now.
  web_of 'shop 8' shop:8
  expect_done belay deploy shop --image shop:8 --snapshot
  typed_blocks docs/howto/three-in-the-morning.md '1,/^## 3/d; s|^belay rollback shop --with-data|belay rollback shop r6 --with-data|'
  type_page "$part"
  expect [ -s night.txt ]
}
test_a_reader_upgrades_and_leaves() {
  local program=${COMPOSE:-}
  program=${program##*:}
  [ -x "$program" ] || return 0
  own_engine
  images
  machine
  mkdir -p "$HOME/.docker/cli-plugins" "$place/left"
  expect_done belay deploy shop --image nginx:1.25 -p 8080:80 -v data:/data -e GREETING=hello -y
  expect_done belay shell shop sh -c 'echo precious >/data/orders'
  ln -s "$program" "$HOME/.docker/cli-plugins/docker-compose"
  cd "$place/left" || fail 'no folder'
  typed_blocks docs/howto/upgrade-and-removal.md 's|^docker compose up -d$|& >/dev/null 2>\&1|'
  type_page "$part"
  expect asked 'apt install ./belay_NEW_amd64.deb'
  expect asked 'systemctl enable --now belay belay-backup-shop.timer'
  expect asked 'apt purge belay'
  # As the page says of the containers and the data.
  expect_done docker compose exec -T shop cat /data/orders
  expect_out precious
}
test_a_reader_comes_from_jockler() {
  local before
  own_engine
  machine
  web_of 'blog one' blog:latest
  export BELAY_JOCKLER_STORE=$place/jockler
  mkdir -p "$BELAY_JOCKLER_STORE/blog"
  post '/containers/create?name=jcl_blog_20240101000000' '{"Image": "blog"}' >/dev/null
  post '/containers/create?name=jcl_blog_20240202000000' \
    '{"Image": "blog", "HostConfig": {"Binds": ["jcl_blog_data:/data"], "PortBindings": {"80/tcp": [{"HostPort": "8080"}]}}}' >/dev/null
  api POST /containers/jcl_blog_20240202000000/start >/dev/null
  printf jcl_blog_20240202000000 >"$BELAY_JOCKLER_STORE/blog/last"
  printf jcl_blog_20240101000000 >"$BELAY_JOCKLER_STORE/blog/stable"
  printf jcl_blog_20240202000000 >"$BELAY_JOCKLER_STORE/blog/startup"
  echo '{"ports": {"8080": "80"}, "volumes": {"jcl_blog_data": "/data"}}' >"$BELAY_JOCKLER_STORE/blog/jockler-blog"
  before=$(alive jcl_blog_20240202000000)
  typed_blocks docs/coming-over.md '/^## From jockler/,/^## From dockervisor/!d'
  type_page "$part"
  expect_equal 'what runs' "$before" "$(alive jcl_blog_20240202000000)"
  # As the page says of what comes later: ports and volumes stay, and the way back is a name in a file.
  expect_done jockler list stable blog
  expect_equal 'stable' jcl_blog_20240101000000 "$out"
  expect_done jockler attach blog sh -c 'echo kept >/data/file'
  expect_done "$engine_script" inside "$engine_folder" env PATH="$PATH" DOCKER_HOST="$DOCKER_HOST" jockler start new blog
  expect_done jockler attach blog cat /data/file
  expect_out '^kept$'
  expect_done jockler list last blog
  [[ $out =~ ^jcl_blog_[0-9]{14}$ ]] || fail 'a name that jockler does not know' jcl_blog_DATE "$out"
  expect_equal 'the port' 8080 "$(port_of "$out" 80/tcp)"
}
test_a_reader_comes_from_dockervisor() {
  local before
  own_engine
  machine
  web_of 'blog one' blog:latest
  export BELAY_DOCKERVISOR_STORE=$place/dockervisor
  mkdir -p "$BELAY_DOCKERVISOR_STORE/blog"
  post '/containers/create?name=dcv_blog_20240101000000' '{"Image": "blog", "HostConfig": {"Binds": ["dcv_blog_data:/data"]}}' >/dev/null
  api POST /containers/dcv_blog_20240101000000/start >/dev/null
  echo dcv_blog_20240101000000 >"$BELAY_DOCKERVISOR_STORE/blog/last"
  echo '{"volumes": {"dcv_blog_data": "/data"}}' >"$BELAY_DOCKERVISOR_STORE/blog/dcv-blog"
  before=$(alive dcv_blog_20240101000000)
  typed_blocks docs/coming-over.md '/^## From dockervisor/,/^## From dockerup/!d; s|/usr/bin/dockervisor|./dockervisor|; s|/usr/bin/belay|belay|'
  type_page "$part"
  expect_equal 'what runs' "$before" "$(alive dcv_blog_20240101000000)"
  expect [ -L dockervisor ]
  expect_done dockervisor start blog :new
  expect is_up dcv_blog
  expect_equal 'its data' 'volume dcv_blog_data' "$(mount_at dcv_blog /data)"
  expect exists dcv_blog_20240101000000
  # Single containers, without a store.
  post '/containers/create?name=wiki' '{"Image": "blog"}' >/dev/null
  post '/containers/create?name=dcv_shop_20240101000000' '{"Image": "blog"}' >/dev/null
  expect_done belay adopt wiki wiki
  expect_done belay adopt shop
}
test_a_reader_comes_from_dockerup() {
  local name before
  own_engine
  own_users
  machine
  web_of 'one' one:1
  web_of 'two' two:1
  mkdir -p /etc/dockerup/containers.d
  for name in registry myapp; do
    post "/containers/create?name=$name" '{"Image": "one:1", "Volumes": {"/data": {}}}' >/dev/null
    api POST "/containers/$name/start" >/dev/null
    echo '{"image": "two:1", "volumes": [{"containerPath": "/data"}], "update": {"pull": false}}' >"/etc/dockerup/containers.d/$name.json"
  done
  post '/containers/create?name=other' '{"Image": "one:1"}' >/dev/null
  api POST /containers/other/start >/dev/null
  before=$(mount_at registry /data)
  typed_blocks docs/coming-over.md '/^## From dockerup/,/^## An app made by hand/!d'
  type_page "$part"
  expect asked 'systemctl stop dockerup'
  expect_done belay releases registry
  expect_out 'r2 '
  expect_equal 'its data' "$before" "$(mount_at registry /data)"
  expect_equal 'what runs' "$(image_id two:1)" "$(image_of registry)"
  expect is_up other
  expect_done dockerup
  expect_out '2 unchanged'
}
test_a_reader_writes_down_what_was_made_by_hand() {
  local before
  own_engine
  images
  mkdir containers.d
  expect_done belay deploy web --image nginx:1.25 -e GREETING=hello -v data:/data -y
  before=$(alive "$(running web)")
  typed_blocks docs/coming-over.md '/^## An app made by hand/,$!d'
  type_page "$part"
  expect_equal 'what runs' "$before" "$(alive "$(running web)")"
  expect grep -q 'image: nginx:1.25' compose.yaml
  expect grep -q '=hello$' .env
}

run_tests "$@"
