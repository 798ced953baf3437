{#- Written by 'make marts' from the YAML in models/marts. -#}

{{ reporting_view('user_readiness', learner='user_id', adds={
    'snapshot_date': utc_date('snapshot_at'),
    'snapshot_week': utc_week('snapshot_at'),
    'snapshot_month': utc_month('snapshot_at'),
    'user_id_text': as_text('user_id'),
}) }}
