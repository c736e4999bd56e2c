"""Tables: what a database of boards is made of, as SQL."""

TABLES = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE machines (
    id INTEGER PRIMARY KEY, speed_class TEXT, device TEXT, device_name TEXT, threads INTEGER, cpus INTEGER,
    cpu_name TEXT, isolation TEXT, platform TEXT, python TEXT, torch TEXT, numpy TEXT, scipy TEXT,
    cuda TEXT, genbench TEXT
);
CREATE TABLE records (
    id INTEGER PRIMARY KEY, model TEXT NOT NULL, seed INTEGER NOT NULL, family TEXT, control TEXT, distribution TEXT,
    version TEXT, code TEXT, suite TEXT, machine_id INTEGER NOT NULL REFERENCES machines(id), parameters INTEGER,
    images INTEGER, checkpoint_bytes INTEGER, fit_cpu_seconds REAL, fit_wall_seconds REAL, finished TEXT, sha256 TEXT
);
CREATE TABLE boards (
    task TEXT PRIMARY KEY, ask TEXT NOT NULL, questions INTEGER NOT NULL, verdict TEXT NOT NULL, procedure TEXT NOT NULL
);
CREATE TABLE columns (
    id INTEGER PRIMARY KEY, task TEXT NOT NULL REFERENCES boards(task), name TEXT NOT NULL, title TEXT, speaks_of TEXT,
    direction TEXT, unit TEXT, scale TEXT, version TEXT, extractor TEXT, source TEXT, UNIQUE (task, name)
);
CREATE TABLE axes (
    task TEXT NOT NULL REFERENCES boards(task), axis TEXT NOT NULL, column_id INTEGER REFERENCES columns(id),
    PRIMARY KEY (task, axis)
);
CREATE TABLE rows (
    id INTEGER PRIMARY KEY, task TEXT NOT NULL REFERENCES boards(task), name TEXT NOT NULL, model TEXT, family TEXT,
    control TEXT, front INTEGER, front_share REAL, volume REAL, samples_only INTEGER NOT NULL, likelihood TEXT,
    assurance TEXT, memorisation TEXT,
    memorisation_reason TEXT, audits TEXT, audits_reason TEXT, barred TEXT, outside TEXT, verified TEXT,
    UNIQUE (task, name)
);
CREATE TABLE cells (
    row_id INTEGER NOT NULL REFERENCES rows(id), column_id INTEGER NOT NULL REFERENCES columns(id), mean REAL,
    half_width REAL, seeds INTEGER NOT NULL, missing TEXT, PRIMARY KEY (row_id, column_id)
);
CREATE TABLE places (
    row_id INTEGER NOT NULL REFERENCES rows(id), axis TEXT NOT NULL, rank INTEGER, rank_low INTEGER, rank_high INTEGER,
    tier INTEGER, missing TEXT, PRIMARY KEY (row_id, axis)
);
CREATE TABLE candidates (
    id INTEGER PRIMARY KEY, row_id INTEGER NOT NULL REFERENCES rows(id),
    record_id INTEGER NOT NULL REFERENCES records(id), sampler TEXT, status TEXT NOT NULL, stage TEXT, reason TEXT,
    exit_code INTEGER, elapsed_seconds REAL, likelihood TEXT, memorisation TEXT, audits TEXT, speed_void TEXT,
    UNIQUE (row_id, record_id)
);
CREATE TABLE scores (
    candidate_id INTEGER NOT NULL REFERENCES candidates(id), column_id INTEGER NOT NULL REFERENCES columns(id),
    value REAL NOT NULL, low REAL, high REAL, n INTEGER, reference TEXT, PRIMARY KEY (candidate_id, column_id)
);
CREATE TABLE failures (
    id INTEGER PRIMARY KEY, task TEXT NOT NULL REFERENCES boards(task), name TEXT NOT NULL, model TEXT, seed INTEGER,
    status TEXT, exit_code INTEGER, stage TEXT, reason TEXT, place TEXT, elapsed_seconds REAL
);
CREATE TABLE published (
    task TEXT NOT NULL REFERENCES boards(task), name TEXT NOT NULL, score TEXT NOT NULL, value REAL NOT NULL,
    source TEXT NOT NULL, note TEXT, PRIMARY KEY (task, name, score)
);
CREATE INDEX scores_by_column ON scores(column_id);
CREATE INDEX cells_by_column ON cells(column_id);
"""

VIEWS = """
CREATE VIEW standings AS
SELECT rows.task, places.axis, places.rank, places.tier, rows.name, cells.mean, cells.half_width, columns.name AS score,
    columns.direction, places.rank_low, places.rank_high, rows.family, places.missing
FROM places
JOIN rows ON rows.id = places.row_id
JOIN axes ON axes.task = rows.task AND axes.axis = places.axis
LEFT JOIN columns ON columns.id = axes.column_id
LEFT JOIN cells ON cells.row_id = rows.id AND cells.column_id = columns.id
ORDER BY rows.task, places.axis, places.rank IS NULL, places.rank, rows.name;

CREATE VIEW seed_scores AS
SELECT rows.task, rows.name, records.seed, columns.name AS score, scores.value, scores.low, scores.high, columns.unit,
    columns.direction, rows.family, machines.speed_class
FROM scores
JOIN columns ON columns.id = scores.column_id
JOIN candidates ON candidates.id = scores.candidate_id
JOIN rows ON rows.id = candidates.row_id
JOIN records ON records.id = candidates.record_id
JOIN machines ON machines.id = records.machine_id
ORDER BY rows.task, rows.name, columns.id, records.seed;

CREATE VIEW means AS
SELECT rows.task, rows.name, columns.name AS score, cells.mean, cells.half_width, cells.seeds, columns.unit,
    columns.direction, rows.family, rows.control, rows.barred, cells.missing
FROM cells
JOIN rows ON rows.id = cells.row_id
JOIN columns ON columns.id = cells.column_id
ORDER BY rows.task, columns.id, rows.id;

CREATE VIEW gates AS
SELECT task, name, memorisation, memorisation_reason, audits, audits_reason, barred, outside
FROM rows
WHERE control IS NULL AND (barred <> '' OR outside <> '' OR audits <> 'passed')
ORDER BY task, name;
"""
