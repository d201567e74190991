# Counts seconds in the file that the other container shows.
trap 'exit 0' TERM INT
count=$(cat /data/count 2>/dev/null || echo 0)
while true; do
  count=$((count + 1))
  echo "$count" >/data/count
  sleep 1 &
  wait $!
done
