{#- Written by 'make marts' from the YAML in models/marts. -#}

{{ reporting_view('readiness_milestones', learner='user_id', adds={
    'reached_date': utc_date('reached_at'),
    'reached_week': utc_week('reached_at'),
    'reached_month': utc_month('reached_at'),
    'user_id_text': as_text('user_id'),
}) }}
