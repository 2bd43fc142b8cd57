internal import Postgres

extension Storage {
    /// Imports and the serving log.
    static let operations = Migration(
        number: 6, name: "operations",
        sql: #"""
            -- How far each import came, so that it resumes where it stopped. Written in the transaction that writes the rows.
            CREATE TABLE imports (
                key text PRIMARY KEY,
                rows_done bigint NOT NULL DEFAULT 0,
                bytes_done bigint NOT NULL DEFAULT 0,
                finished boolean NOT NULL DEFAULT false,
                -- Stands for the missing times of its rows, so that a repetition finds them again.
                started_at timestamptz NOT NULL DEFAULT now(),
                updated_at timestamptz NOT NULL DEFAULT now()
            );

            -- Identifiers that people had where they were imported from.
            CREATE TABLE external_ids (
                external_id text PRIMARY KEY,
                user_id bigint NOT NULL UNIQUE
            );

            -- One row an answer. The three arrays run along the positions; for an answer from the cache they may be empty, those of the
            -- answer that made the list hold. An erased person's position holds 0.
            CREATE TABLE serving_log (
                id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                request_id text NOT NULL,
                list_id text NOT NULL,
                user_id bigint NOT NULL,
                served_at timestamptz NOT NULL,
                model_version text NOT NULL,
                variant text,
                shown bigint[] NOT NULL,
                scores real[] NOT NULL,
                sources integer[] NOT NULL,
                degraded text[] NOT NULL DEFAULT '{}',
                cached boolean NOT NULL,
                CHECK (cardinality(scores) = cardinality(shown) AND cardinality(sources) = cardinality(shown))
            );
            CREATE INDEX serving_log_user ON serving_log (user_id, served_at);
            CREATE INDEX serving_log_time ON serving_log USING brin (served_at);
            -- For erasures alone.
            CREATE INDEX serving_log_shown ON serving_log USING gin (shown);
            """#)
}
