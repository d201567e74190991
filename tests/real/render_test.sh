#!/bin/bash
# A file that follows from the running apps, with a real nginx that is told of it: its configuration lists the apps that
# run, a bad one is refused and taken back, and a unit writes it before its proxy starts.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# An image of the nginx in $NGINX, with what it is linked to.
nginx_image() {
  local program=${NGINX:-}/usr/sbin/nginx
  [ -x "$program" ] || { echo 'skipped: there is no nginx here' >&2; exit 0; }
  mkdir -p nginx/etc nginx/var/log/nginx nginx/var/lib/nginx nginx/run nginx/tmp
  linked_program nginx "$program" /usr/sbin
  printf 'root:x:0:0::/:\nnobody:x:65534:65534::/:\n' >nginx/etc/passwd
  printf 'root:x:0:\nnogroup:x:65534:\n' >nginx/etc/group
  cat >nginx/nginx.conf <<'END'
daemon off;
user nobody nogroup;
worker_processes 1;
error_log stderr;
events { worker_connections 64; }
http { access_log off; include /conf/*.conf; }
END
  tar -C nginx -cf nginx.tar .
  api POST "/images/create?fromSrc=-&repo=$prefix-image&tag=nginx&changes=ENTRYPOINT+%5B%22/usr/sbin/nginx%22,%22-c%22,%22/nginx.conf%22%5D" \
    -H 'Content-Type: application/x-tar' --data-binary @nginx.tar >made
  image_exists "$prefix-image:nginx" || fail "no image: $(<made)"
}
# The template in ./sites.in: one server for each app but the proxy, told apart by the path.
template() {
  cat >sites.in <<END
server {
  listen 80;
  location = / { return 200 "{% for app in apps if app.name != '$app' %}{{ app.name }} {% endfor %}\n"; }
{% for app in apps if app.name != '$app' %}
  location /{{ app.name }}/ { proxy_pass http://{{ app.containers[0].address }}:8080/; }
{% endfor %}
}
END
}
lists() { [ "$(page "$port" | xargs)" = "$*" ]; }

test_nginx_serves_the_apps_that_run() {
  nginx_image
  template
  build_image 1 web first
  mkdir conf
  new_port port
  expect_done belay render sites.in "$work/conf/sites.conf"
  expect_out "$work/conf/sites.conf is written"
  expect_done belay import run "$app" -- -p "$port:80" -v "$work/conf:/conf" "$prefix-image:nginx"
  run belay start "$app" new
  expect_exit 0
  eventually lists ''
  # An app that comes, one that goes.
  expect_done belay deploy "$app2" --image "$prefix-image:1"
  tell=(belay render sites.in "$work/conf/sites.conf" --tell "$app" --check 'nginx -t -c /nginx.conf' --signal HUP)
  expect_done "${tell[@]}" --dry-run
  expect_out "location /$app2/"
  expect lists ''
  expect_done "${tell[@]}" --json
  expect_equal 'what was told' "true 1" "$(jq -r '"\(.changed) \(.told | length)"' <<<"$out")"
  eventually lists "$app2"
  expect_equal 'the app through nginx' first "$(page "$port" "$app2/")"
  run "${tell[@]}" --exit-unchanged
  expect_exit 3
  # What nginx refuses is taken back, and nginx is not told.
  cp sites.in good.in
  echo 'server { listen' >>sites.in
  cp conf/sites.conf before.conf
  run "${tell[@]}"
  expect_exit 1
  expect_err 'refuses the new file'
  expect cmp -s before.conf conf/sites.conf
  expect lists "$app2"
  echo '{{ nothing }}' >sites.in
  run "${tell[@]}"
  expect_exit 1
  expect_err 'sites.in:1:'
  expect cmp -s before.conf conf/sites.conf
  # Whatever comes and goes.
  cp good.in sites.in
  background "${tell[@]}" --follow >told 2>&1
  expect_done belay stop "$app2"
  eventually lists ''
  expect_done belay start "$app2" last
  eventually lists "$app2"
  kill -INT "$pid"
  ended "$pid"
  # A restart instead of a signal.
  expect_done belay stop "$app2"
  local before
  before=$(inspect "$(running "$app")" .State.StartedAt)
  expect_done belay render sites.in "$work/conf/sites.conf" --tell "$app" --restart
  eventually lists ''
  expect_not [ "$before" = "$(inspect "$(running "$app")" .State.StartedAt)" ]
}

# The file itself is bound, and is named by a path through a link: the container must see what is written.
test_a_file_that_is_bound_itself_is_seen_through_a_link() {
  build_image 1
  mkdir real
  ln -s real current
  echo old >real/list
  expect_done belay import run "$app" -- -v "$work/real/list:/list" "$prefix-image:1" sleep 10000
  expect_done belay start "$app" new
  echo new >list.in
  expect_done belay render list.in "$work/current/list" --tell "$app" --check 'busybox grep new /list'
  expect_done belay exec "$app" cat /list
  expect_equal 'what it sees' new "$out"
  ln -s real/list link
  expect_refused 2 belay render list.in "$work/link" --tell "$app"
  expect_err "Say the file that it leads to: $work/real/list"
}

test_a_unit_writes_the_file_for_its_proxy() {
  nginx_image
  template
  build_image 1 web second
  mkdir -p conf/units/"$app" conf/sites "$work/proxy"
  export DOCKERSTRA_CONF=$work/conf
  cp sites.in conf/sites/
  new_port port
  cat >conf/units/"$app"/start.yaml <<END
${app}-proxy:
  create: {image: "$prefix-image:nginx"}
  start: {port_bindings: {80: $port}, binds: {"$work/proxy": {bind: /conf, ro: false}}}
---
- ${app}-proxy: {command: render, template: sites/sites.in, file: "$work/proxy/sites.conf", check: nginx -t -c /nginx.conf, signal: HUP}
- ${app}-proxy: {command: start, timeout: 1}
END
  cat >conf/units/"$app"/sites.yaml <<END
import: $app/start
---
- ${app}-proxy: {command: render, template: sites/sites.in, file: "$work/proxy/sites.conf", check: nginx -t -c /nginx.conf, signal: HUP}
END
  expect_done belay unit run "$app"
  expect_out "render +done"
  eventually lists ''
  expect_done belay deploy "$app2" --image "$prefix-image:1"
  expect_done belay unit run --dry-run "$app/sites"
  expect_out "write $work/proxy/sites.conf"
  expect_done belay unit run "$app/sites"
  eventually lists "$app2"
  expect_done belay unit run "$app/sites"
  expect_out "render +unchanged"
  expect_done belay unit run "$app/test"
  expect_out "render +skipped"
}

run_tests "$@"
