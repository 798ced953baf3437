{#- Written by 'make marts' from the YAML in models/marts. -#}

{{ reporting_view('trainer_change_logs', learner='user_id', adds={
    'logged_date': utc_date('logged_at'),
    'logged_week': utc_week('logged_at'),
    'logged_month': utc_month('logged_at'),
    'user_id_text': as_text('user_id'),
}) }}
