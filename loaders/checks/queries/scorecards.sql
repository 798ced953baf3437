-- The scorecards whose columns are watched for NULLs.
select
    source_path,
    user_id,
    persona,
    occurred_at,
    overall_score,
    bce_score,
    mcf_score,
    cpo_score,
    weighted_score,
    is_passed,
    is_certified,
    final_stage,
    trust_score,
    sale_outcome
from analytics.scorecards
