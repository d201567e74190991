#include "state/schema.h"

#include <array>

#include "state/store.h"

namespace belay::state {

namespace {

// Times are milliseconds since 1970 UTC, durations milliseconds. Positions keep the order of lists.
// `specs` is apart because most releases of an app differ in their image only: each distinct spec is stored, and read,
// once. Its rows are never changed, and AUTOINCREMENT never gives an id twice: a spec that was read under an id stays
// right.
constexpr const char* first_schema = R"sql(
CREATE TABLE apps (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  scheme TEXT NOT NULL,
  created INTEGER NOT NULL,
  last INTEGER,
  stable INTEGER,
  autostart TEXT NOT NULL,
  highest_release INTEGER NOT NULL
) STRICT;

CREATE TABLE wishes (
  app INTEGER PRIMARY KEY REFERENCES apps ON DELETE CASCADE,
  state TEXT NOT NULL,
  release INTEGER,
  unfinished INTEGER NOT NULL,
  fallback INTEGER,
  lose_data INTEGER NOT NULL,
  wait INTEGER NOT NULL,
  swap_order TEXT,
  settle INTEGER,
  wait_timeout INTEGER,
  who TEXT NOT NULL,
  why TEXT NOT NULL,
  since INTEGER NOT NULL
) STRICT;

CREATE TABLE specs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  app INTEGER NOT NULL REFERENCES apps ON DELETE CASCADE,
  json TEXT NOT NULL
) STRICT;
CREATE INDEX specs_of_app ON specs (app);

CREATE TABLE releases (
  app INTEGER NOT NULL REFERENCES apps ON DELETE CASCADE,
  number INTEGER NOT NULL,
  spec INTEGER NOT NULL REFERENCES specs,
  created INTEGER NOT NULL,
  verdict TEXT NOT NULL,
  reason TEXT NOT NULL,
  log_tail TEXT NOT NULL,
  who TEXT NOT NULL,
  why TEXT NOT NULL,
  adopted INTEGER NOT NULL,
  PRIMARY KEY (app, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX releases_of_spec ON releases (spec);

-- NULL where the release's map has no entry for the service.
CREATE TABLE release_services (
  app INTEGER NOT NULL,
  release INTEGER NOT NULL,
  service TEXT NOT NULL,
  image TEXT,
  digest TEXT,
  container TEXT,
  adopted_created TEXT,
  PRIMARY KEY (app, release, service),
  FOREIGN KEY (app, release) REFERENCES releases ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE builds (
  app INTEGER NOT NULL REFERENCES apps ON DELETE CASCADE,
  number INTEGER NOT NULL,
  image TEXT NOT NULL,
  tag TEXT NOT NULL,
  context TEXT NOT NULL,
  dockerfile TEXT NOT NULL,
  parameter_file TEXT NOT NULL,
  parameter_text TEXT NOT NULL,
  created INTEGER NOT NULL,
  who TEXT NOT NULL,
  PRIMARY KEY (app, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE build_configurations (
  app INTEGER NOT NULL,
  build INTEGER NOT NULL,
  name TEXT NOT NULL,
  spec INTEGER NOT NULL REFERENCES specs,
  ports_overridden INTEGER NOT NULL,
  volumes_overridden INTEGER NOT NULL,
  PRIMARY KEY (app, build, name),
  FOREIGN KEY (app, build) REFERENCES builds ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX build_configurations_of_spec ON build_configurations (spec);

CREATE TABLE quarantine (
  app INTEGER NOT NULL REFERENCES apps ON DELETE CASCADE,
  position INTEGER NOT NULL,
  image TEXT NOT NULL,
  release INTEGER,
  reason TEXT NOT NULL,
  since INTEGER NOT NULL,
  PRIMARY KEY (app, position)
) STRICT, WITHOUT ROWID;

-- Names, not references: the journal outlives what it tells of.
CREATE TABLE journal (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  time INTEGER NOT NULL,
  app TEXT NOT NULL,
  release INTEGER,
  who TEXT NOT NULL,
  verb TEXT NOT NULL,
  outcome TEXT NOT NULL,
  text TEXT NOT NULL
) STRICT;
CREATE INDEX journal_of_app ON journal (app, id);
)sql";

// Declared apps: where from, what their files held and whom they need; in-place changes; where soaking goes back to.
// `files` and `needs` are JSON: {"/etc/app.conf": {"digest": "…", "lines": [1, 2]}}, {"db": 3}.
constexpr const char* declared_schema = R"sql(
ALTER TABLE apps ADD COLUMN origin TEXT NOT NULL DEFAULT '';
ALTER TABLE wishes ADD COLUMN previous INTEGER;
ALTER TABLE wishes ADD COLUMN proved INTEGER;
ALTER TABLE releases ADD COLUMN body INTEGER;
ALTER TABLE releases ADD COLUMN files TEXT NOT NULL DEFAULT '';
ALTER TABLE releases ADD COLUMN needs TEXT NOT NULL DEFAULT '';
ALTER TABLE releases ADD COLUMN outage INTEGER;
ALTER TABLE quarantine ADD COLUMN digest TEXT NOT NULL DEFAULT '';

-- When this host first saw a digest under a reference: the clock of a minimum age, which no publisher can set.
CREATE TABLE sightings (
  reference TEXT NOT NULL,
  digest TEXT NOT NULL,
  first_seen INTEGER NOT NULL,
  PRIMARY KEY (reference, digest)
) STRICT, WITHOUT ROWID;
)sql";

// What a declared app waits for, a row a topic. Of no use without the app.
constexpr const char* waits_schema = R"sql(
CREATE TABLE waits (
  app INTEGER NOT NULL REFERENCES apps ON DELETE CASCADE,
  topic TEXT NOT NULL,
  text TEXT NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER,
  PRIMARY KEY (app, topic)
) STRICT, WITHOUT ROWID;
)sql";

// Data: snapshots and what the places of an app should hold (JSON, state/data_text.h); the index of backups, whose own
// manifests are the truth. `place` is a folder or a remote one, as the user wrote it; names, not references: a backup
// outlives its app.
constexpr const char* data_schema = R"sql(
ALTER TABLE apps ADD COLUMN highest_snapshot INTEGER NOT NULL DEFAULT 0;
ALTER TABLE apps ADD COLUMN snapshots TEXT NOT NULL DEFAULT '';
ALTER TABLE wishes ADD COLUMN snapshot INTEGER;
ALTER TABLE wishes ADD COLUMN data TEXT NOT NULL DEFAULT '';
ALTER TABLE wishes ADD COLUMN fallback_data TEXT NOT NULL DEFAULT '';

CREATE TABLE backups (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  app TEXT NOT NULL,
  release INTEGER,
  place TEXT NOT NULL,
  name TEXT NOT NULL,
  taken INTEGER NOT NULL,
  size INTEGER NOT NULL,
  data_size INTEGER NOT NULL,
  files INTEGER NOT NULL,
  encrypted INTEGER NOT NULL,
  with_image INTEGER NOT NULL,
  verified INTEGER,
  drilled INTEGER,
  trouble TEXT NOT NULL DEFAULT '',
  UNIQUE (place, name)
) STRICT;
CREATE INDEX backups_of_app ON backups (app, taken);
)sql";

// Who is who: of this state, and of each release. Containers carry both (model/labels.h). What was made before has
// none.
constexpr const char* identity_schema = R"sql(
CREATE TABLE state (identity TEXT NOT NULL) STRICT;
INSERT INTO state (identity) VALUES (lower(hex(randomblob(16))));
ALTER TABLE releases ADD COLUMN identity TEXT NOT NULL DEFAULT '';
ALTER TABLE releases ADD COLUMN state TEXT NOT NULL DEFAULT '';
ALTER TABLE release_services RENAME COLUMN adopted_created TO container_created;
)sql";

// The last try of a backup, where it failed. Names, as in `backups`.
constexpr const char* failures_schema = R"sql(
CREATE TABLE backup_failures (
  app TEXT NOT NULL,
  place TEXT NOT NULL,
  failed INTEGER NOT NULL,
  reason TEXT NOT NULL,
  told INTEGER NOT NULL,
  PRIMARY KEY (app, place)
) STRICT, WITHOUT ROWID;
)sql";

// The way back as a fact. Until then a wish's `why` told it: "r3 failed: …", "its data could not be exchanged: …".
constexpr const char* way_back_schema = R"sql(
ALTER TABLE wishes ADD COLUMN way_back INTEGER NOT NULL DEFAULT 0;
ALTER TABLE wishes ADD COLUMN failed INTEGER;
ALTER TABLE wishes ADD COLUMN trouble TEXT NOT NULL DEFAULT '';
UPDATE wishes SET way_back = 1 WHERE why GLOB 'r[0-9]* failed: *' OR why GLOB 'its data could not be exchanged: *';
UPDATE wishes SET failed = CAST(substr(why, 2) AS INTEGER) WHERE why GLOB 'r[0-9]* failed: *';
)sql";

// A service goes on with another release's container, or has one of its own, and fares by itself. Until then that was
// said of all of a release's services at once, and a release with a body had the body's identity.
constexpr const char* services_schema = R"sql(
ALTER TABLE release_services ADD COLUMN body INTEGER;
ALTER TABLE release_services ADD COLUMN body_identity TEXT NOT NULL DEFAULT '';
ALTER TABLE release_services ADD COLUMN verdict TEXT;
ALTER TABLE release_services ADD COLUMN reason TEXT NOT NULL DEFAULT '';
ALTER TABLE release_services ADD COLUMN log_tail TEXT NOT NULL DEFAULT '';
UPDATE release_services SET
  body = (SELECT body FROM releases r WHERE r.app = release_services.app AND r.number = release_services.release),
  body_identity = (SELECT identity FROM releases r
                   WHERE r.app = release_services.app AND r.number = release_services.release)
WHERE (SELECT body FROM releases r WHERE r.app = release_services.app AND r.number = release_services.release)
      IS NOT NULL;
ALTER TABLE releases DROP COLUMN body;
)sql";

// Services that are held down, and those to be restarted: JSON, ["web"] and {"web": 1769850000000}.
constexpr const char* services_of_wish_schema = R"sql(
ALTER TABLE wishes ADD COLUMN held_down TEXT NOT NULL DEFAULT '';
ALTER TABLE wishes ADD COLUMN restart TEXT NOT NULL DEFAULT '';
)sql";

// What was tried without a user's asking. Until then the journal told it, of which the last day is taken over: no
// budget begins anew.
constexpr const char* repairs_schema = R"sql(
CREATE TABLE repairs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  app INTEGER NOT NULL REFERENCES apps ON DELETE CASCADE,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  release INTEGER
) STRICT;
CREATE INDEX repairs_of_app ON repairs (app, at);
INSERT INTO repairs (app, at, kind, release)
SELECT apps.id, journal.time,
       CASE WHEN outcome = 'gave up' THEN 'gave_up' WHEN verb = 'heal' THEN 'healing' ELSE 'repair' END, release
FROM journal JOIN apps ON apps.name = journal.app
WHERE verb IN ('heal', 'repair') AND outcome IN ('started', 'gave up')
      AND time > (SELECT max(time) FROM journal) - 86400000
ORDER BY journal.id;
INSERT INTO repairs (app, at, kind, release)
SELECT apps.id, journal.time, 'attempt', journal.release
FROM journal JOIN apps ON apps.name = journal.app
JOIN releases ON releases.app = apps.id AND releases.number = journal.release
WHERE outcome = 'started' AND releases.verdict = 'pending' AND releases.reason <> ''
      AND time > (SELECT max(time) FROM journal) - 86400000
ORDER BY journal.id;
)sql";

// When the registry was last asked for a reference whose news are wanted at most so often; services that have ended
// where they might: JSON, ["tools"].
constexpr const char* asked_schema = R"sql(
ALTER TABLE releases ADD COLUMN ended TEXT NOT NULL DEFAULT '';
CREATE TABLE asked (
  reference TEXT PRIMARY KEY,
  at INTEGER NOT NULL
) STRICT;
)sql";

// An app that is held still while its data is read. Until then it was told by marks that other wishes have too.
constexpr const char* held_schema = R"sql(
ALTER TABLE wishes ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
)sql";

// What an app comes from as a fact. Until then the file's name told it: units are YAML, definitions are JSON.
constexpr const char* origin_schema = R"sql(
ALTER TABLE apps ADD COLUMN origin_kind TEXT NOT NULL DEFAULT 'family';
UPDATE apps SET origin_kind = CASE
  WHEN scheme = 'compose' THEN 'project'
  WHEN origin LIKE '%.yaml' OR origin LIKE '%.yml' THEN 'unit'
  ELSE 'definition' END
WHERE origin <> '';
)sql";

// Services that were installed from images which bring their own commands. Names of things on the engine are in
// `before_world` (JSON, service_image/belongings.h).
constexpr const char* installed_schema = R"sql(
CREATE TABLE services (
  name TEXT PRIMARY KEY,
  reference TEXT NOT NULL,
  image TEXT NOT NULL,
  digest TEXT NOT NULL,
  scripts TEXT NOT NULL,
  inside INTEGER NOT NULL,
  fetched INTEGER NOT NULL,
  launcher TEXT NOT NULL,
  launcher_digest TEXT NOT NULL,
  installed INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  unfinished TEXT NOT NULL DEFAULT '',
  before_reference TEXT,
  before_image TEXT,
  before_digest TEXT,
  before_scripts TEXT,
  before_inside INTEGER,
  before_fetched INTEGER,
  before_world TEXT NOT NULL DEFAULT '',
  before_backup TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
)sql";

// What services had and nothing on the engine tells of: 'volume', without a name, that a container had; 'image' that
// Belay brought for an earlier version. Rows of a service outlive its row in `services` while that is written anew.
constexpr const char* remnants_schema = R"sql(
CREATE TABLE service_remnants (
  service TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (service, kind, name)
) STRICT, WITHOUT ROWID;
)sql";

// Work by the clock, with the time of its next run; and what notices have told of apps, until it is over. Names, as in
// `backups`.
constexpr const char* errands_schema = R"sql(
CREATE TABLE errands (
  app TEXT NOT NULL,
  kind TEXT NOT NULL,
  service TEXT NOT NULL,
  schedule TEXT NOT NULL,
  since INTEGER NOT NULL,
  due INTEGER NOT NULL,
  began INTEGER,
  ended INTEGER,
  good INTEGER NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (app, kind, service)
) STRICT, WITHOUT ROWID;
CREATE TABLE told (
  app TEXT NOT NULL,
  topic TEXT NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (app, topic)
) STRICT, WITHOUT ROWID;
)sql";

// A drill that failed said nothing about the file, and was told as damage of it before.
constexpr const char* drills_schema = R"sql(
ALTER TABLE backups ADD COLUMN drill_failure TEXT NOT NULL DEFAULT '';
UPDATE backups SET drill_failure = substr(trouble, 34), trouble = ''
  WHERE trouble LIKE 'the app did not come up with it: %';
)sql";

// Of earlier releases it is not known.
constexpr const char* predecessors_schema = R"sql(
ALTER TABLE releases ADD COLUMN predecessor INTEGER;
)sql";

constexpr std::array all_migrations{
    Migration{1, first_schema},    Migration{2, declared_schema},   Migration{3, waits_schema},
    Migration{4, data_schema},     Migration{5, identity_schema},   Migration{6, failures_schema},
    Migration{7, way_back_schema}, Migration{8, services_schema},   Migration{9, services_of_wish_schema},
    Migration{10, repairs_schema}, Migration{11, asked_schema},     Migration{12, held_schema},
    Migration{13, origin_schema},  Migration{14, installed_schema}, Migration{15, remnants_schema},
    Migration{16, errands_schema}, Migration{17, drills_schema},    Migration{18, predecessors_schema}};
static_assert(all_migrations.back().version == schema_version);

}  // namespace

std::span<const Migration> migrations() {
  return all_migrations;
}

}  // namespace belay::state
