internal import Postgres

extension Storage {
    /// Feature store, model registry and the positions of the log's consumers.
    static let featureStore = Migration(
        number: 5, name: "features",
        sql: #"""
            CREATE TABLE user_features (
                user_id bigint NOT NULL,
                -- Version of the feature schema.
                version integer NOT NULL,
                feature_set jsonb NOT NULL,
                computed_at timestamptz NOT NULL,
                PRIMARY KEY (version, user_id)
            ) WITH (fillfactor = 80);
            CREATE INDEX user_features_user ON user_features (user_id);

            CREATE TABLE user_embeddings (
                user_id bigint NOT NULL,
                model_version text NOT NULL,
                -- 32-bit floats, little-endian.
                embedding bytea NOT NULL,         -- Whom the person likes.
                target_embedding bytea NOT NULL,  -- Who likes the person.
                created_at timestamptz NOT NULL DEFAULT now(),
                PRIMARY KEY (model_version, user_id)
            );
            CREATE INDEX user_embeddings_user ON user_embeddings (user_id);
            -- Factors do not compress: don't try.
            ALTER TABLE user_embeddings ALTER embedding SET STORAGE EXTERNAL, ALTER target_embedding SET STORAGE EXTERNAL;

            CREATE TABLE models (
                id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                version text NOT NULL UNIQUE,
                schema_version integer NOT NULL,
                checksum text NOT NULL CHECK (checksum ~ '^[0-9a-f]{64}$'),
                metrics jsonb NOT NULL DEFAULT '{}',
                lineage jsonb NOT NULL DEFAULT '{}',
                artefact bytea NOT NULL,
                created_at timestamptz NOT NULL DEFAULT now(),
                activated_at timestamptz,
                is_active boolean NOT NULL DEFAULT false
            );
            ALTER TABLE models ALTER artefact SET STORAGE EXTERNAL;
            CREATE UNIQUE INDEX models_active ON models (is_active) WHERE is_active;

            CREATE TABLE consumer_positions (
                consumer text PRIMARY KEY,
                xid xid8 NOT NULL,
                id bigint NOT NULL,
                updated_at timestamptz NOT NULL DEFAULT now()
            );
            """#)
}
