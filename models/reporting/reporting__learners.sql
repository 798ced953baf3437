{#- Written by 'make marts' from the YAML in models/marts. -#}

{{ reporting_view('learners', learner='user_id', adds={
    'cohort_month': utc_month('first_session_at'),
    'days_quiet': days_quiet('last_session_at'),
    'user_id_text': as_text('user_id'),
}) }}
