-- What a pruned version was: loads still know its bytes when an old file comes back.

create table raw.pruned_versions (
    kind text not null,
    source_path text collate "C" not null,
    content_sha256 bytea not null,
    pruned_at timestamptz not null default clock_timestamp(),
    primary key (source_path, kind, content_sha256)
);
comment on table raw.pruned_versions is
    'Hashes of versions that pulse-elt prune removed: a file with such bytes never takes the place of '
    'what the application wrote.';
comment on column raw.pruned_versions.kind is 'Kind of the version.';
comment on column raw.pruned_versions.source_path is 'Path below the root of the source.';
comment on column raw.pruned_versions.content_sha256 is 'SHA-256 of the original bytes.';
comment on column raw.pruned_versions.pruned_at is 'When the version was first pruned, by the database clock.';
