import GRDB

/// The tables, as numbered migrations: add one, never change one that was released.
enum Schema {
    static func migrator() -> DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 log, records, readers") { db in
            try db.execute(sql: version1)
        }
        migrator.registerMigration("2 files") { db in
            try db.execute(sql: version2)
        }
        migrator.registerMigration("3 applications and users made by API") { db in
            try db.execute(sql: version3)
        }
        migrator.registerMigration("4 calls placed by users") { db in
            try db.execute(sql: "ALTER TABLE legs ADD COLUMN client_ref TEXT")
        }
        migrator.registerMigration("5 transcriptions under way") { db in
            try db.execute(sql: version5)
        }
        return migrator
    }

    private static let version5 = """
        CREATE TABLE transcriptions (
            id TEXT PRIMARY KEY,
            application TEXT NOT NULL,
            conversation TEXT NOT NULL,
            recording TEXT NOT NULL,
            sound TEXT NOT NULL,
            file TEXT NOT NULL,
            leg TEXT,
            event_url TEXT,
            event_method TEXT,
            language TEXT NOT NULL,
            sentiment INTEGER NOT NULL,
            started INTEGER NOT NULL,
            ended INTEGER NOT NULL
        ) WITHOUT ROWID;
        """

    private static let version3 = """
        CREATE TABLE applications (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            document TEXT NOT NULL,
            public_key TEXT NOT NULL,
            created INTEGER NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE users (
            id TEXT PRIMARY KEY,
            application TEXT NOT NULL,
            name TEXT NOT NULL,
            document TEXT NOT NULL,
            created INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE UNIQUE INDEX users_by_name ON users (application, name);
        """

    // Positions are given by the writer (newest + 1), so that they have no gaps; the newest row is never pruned, so
    // none is used twice. Times are milliseconds since 1970. `stream`: 0 rtc, 1 voice.
    private static let version1 = """
        CREATE TABLE events (
            position INTEGER PRIMARY KEY,
            application TEXT NOT NULL,
            conversation TEXT,
            stream INTEGER NOT NULL,
            id INTEGER,
            type TEXT NOT NULL,
            instant INTEGER NOT NULL,
            body BLOB NOT NULL,
            destination_url TEXT,
            destination_method TEXT,
            delivery INTEGER NOT NULL,
            visible INTEGER NOT NULL,
            leg TEXT
        );
        CREATE INDEX events_by_conversation ON events (conversation) WHERE conversation IS NOT NULL;
        CREATE INDEX events_by_id ON events (conversation, id) WHERE id IS NOT NULL;

        CREATE TABLE legs (
            id TEXT PRIMARY KEY,
            application TEXT NOT NULL,
            conversation TEXT NOT NULL,
            kind TEXT NOT NULL,
            direction TEXT NOT NULL,
            caller TEXT,
            callee TEXT NOT NULL,
            status TEXT NOT NULL,
            open INTEGER NOT NULL,
            started INTEGER NOT NULL,
            answered INTEGER,
            ended INTEGER,
            sip_code INTEGER,
            member TEXT,
            knocker TEXT,
            event_url TEXT,
            event_method TEXT,
            sip_call_id TEXT
        ) WITHOUT ROWID;
        CREATE INDEX legs_by_start ON legs (application, started);
        CREATE INDEX legs_by_conversation ON legs (conversation);
        CREATE INDEX legs_open ON legs (open) WHERE open = 1;

        CREATE TABLE members (
            id TEXT PRIMARY KEY,
            application TEXT NOT NULL,
            conversation TEXT NOT NULL,
            user_id TEXT NOT NULL,
            user_name TEXT NOT NULL,
            user_display_name TEXT,
            state TEXT NOT NULL,
            channel_kind TEXT NOT NULL,
            channel TEXT NOT NULL,
            audio TEXT NOT NULL,
            initiator TEXT NOT NULL,
            invited_by TEXT,
            knocker TEXT,
            invited INTEGER,
            joined INTEGER,
            "left" INTEGER
        ) WITHOUT ROWID;
        CREATE INDEX members_by_conversation ON members (conversation);
        CREATE INDEX members_by_app_user ON members (application, user_name, conversation) WHERE channel_kind = 'app';

        CREATE TABLE conversations (
            id TEXT PRIMARY KEY,
            application TEXT NOT NULL,
            name TEXT NOT NULL,
            display_name TEXT,
            state TEXT NOT NULL,
            sequence_number INTEGER NOT NULL,
            is_transient INTEGER NOT NULL,
            created INTEGER NOT NULL,
            updated INTEGER,
            destroyed INTEGER,
            properties TEXT NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX conversations_by_creation ON conversations (application, created, id);
        CREATE INDEX conversations_living ON conversations (state) WHERE state <> 'DELETED';

        -- A reader's place; the row of application '' is the reader's own, the others are applications behind it.
        CREATE TABLE cursors (
            reader TEXT NOT NULL,
            application TEXT NOT NULL,
            position INTEGER NOT NULL,
            PRIMARY KEY (reader, application)
        ) WITHOUT ROWID;

        -- Rows a reader has stepped over and still owes. `age`: milliseconds spent trying, counted on the monotonic
        -- clock while the program ran, so that no clock jump and no time switched off ends the schedule early.
        CREATE TABLE parked (
            reader TEXT NOT NULL,
            position INTEGER NOT NULL,
            application TEXT NOT NULL,
            attempts INTEGER NOT NULL,
            age INTEGER NOT NULL,
            PRIMARY KEY (reader, position)
        ) WITHOUT ROWID;
        """

    private static let version2 = """
        CREATE TABLE files (
            id TEXT PRIMARY KEY,
            application TEXT NOT NULL,
            conversation TEXT NOT NULL,
            recording TEXT NOT NULL,
            format TEXT NOT NULL,
            byte_count INTEGER NOT NULL,
            started INTEGER NOT NULL,
            ended INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX files_by_end ON files (ended);
        """
}
