-- One row per file that landed, or was newly refused, since the last check, with a column per share.
-- find_faults.sql has filled the table.
select
    kind,
    source_path,
    :'shares' -- noqa: AL03
from ops.judged_files
where check_id = :'check_id'
