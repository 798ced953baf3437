-- Sources without a usable file time, evidence for quarantine show, and statistics that pay.

alter table raw.files add column etag text;
comment on column raw.files.etag is
    'What an object store calls the content last read; NULL for other sources.';

alter table raw.quarantine
add column around bytea,
add column around_offset bigint;
comment on column raw.quarantine.around is 'The bytes around the place where the trouble starts.';
comment on column raw.quarantine.around_offset is 'Where in the file these bytes begin, from 0.';

-- ANALYZE would detoast and compare thousands of documents, and nothing plans by them.
alter table raw.documents
alter column payload set statistics 0,
alter column content_sha256 set statistics 0;

-- Folders that could not be listed are few; every load looks for them.
create index files_folders on raw.files (source_path) where right(source_path, 1) = '/';
