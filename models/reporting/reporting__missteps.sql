{#- Written by 'make marts' from the YAML in models/marts. -#}

{{ reporting_view('missteps', learner='user_id', adds={
    'occurred_date': utc_date('occurred_at'),
    'occurred_week': utc_week('occurred_at'),
    'occurred_month': utc_month('occurred_at'),
    'user_id_text': as_text('user_id'),
}) }}
