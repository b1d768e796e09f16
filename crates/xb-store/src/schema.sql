-- Digests are 40 bytes: the hash, then the size as a little-endian 64-bit number.
-- Times are seconds since 1970.
-- Rows that may be long are in tables with a rowid: in a table without one, whoever looks for a neighbour reads them.

-- Writes that a loss of power may still undo: a row goes when everything written in its epoch was synced.
-- A closed epoch takes no more writes.
CREATE TABLE epochs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    boot TEXT NOT NULL,
    started INTEGER NOT NULL,
    closed INTEGER NOT NULL
) STRICT;

-- A row means: the file was completely written and renamed to its place before the row came.
CREATE TABLE contents (
    digest BLOB PRIMARY KEY,
    epoch INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- `whole` is 1 when everything beneath is known to be here.
CREATE TABLE directories (
    digest BLOB PRIMARY KEY,
    bytes BLOB NOT NULL,
    whole INTEGER NOT NULL
) STRICT;

-- A row means: `trees/HEX` was completely made and renamed to its place before the row came.
CREATE TABLE materialised (
    tree BLOB PRIMARY KEY,
    epoch INTEGER NOT NULL,
    used INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE results (
    action BLOB PRIMARY KEY,
    result TEXT NOT NULL,
    used INTEGER NOT NULL
) STRICT;

CREATE TABLE memos (
    kind TEXT NOT NULL,
    key BLOB NOT NULL,
    tree BLOB NOT NULL,
    used INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE notes (
    kind TEXT NOT NULL,
    key BLOB NOT NULL,
    value BLOB NOT NULL,
    used INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT;

CREATE TABLE roots (
    name TEXT PRIMARY KEY,
    tree BLOB NOT NULL,
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What a source file was when its contents were last read.
CREATE TABLE fingerprints (
    path BLOB PRIMARY KEY,
    print BLOB NOT NULL,
    digest BLOB NOT NULL
) STRICT, WITHOUT ROWID;
