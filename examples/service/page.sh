# Serves the greeting from /config and the count from /data.
trap 'exit 0' TERM INT
mkdir -p /tmp/www
while true; do
  { cat /config/greeting 2>/dev/null || echo Hello; cat /data/count 2>/dev/null; } >/tmp/www/index.html
  sleep 1
done &
httpd -f -p 8080 -h /tmp/www &
wait $!
