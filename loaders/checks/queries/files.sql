-- One row per file that landed, or was newly refused, since the last check; judge_files.sql has filled it.
select
    kind,
    source_path,
    quarantined,
    wrong_type,
    bad_score,
    unscored,
    unusable
from ops.judged_files
where check_id = :'check_id'
