from library import about, fees, hours, prompts, settings


def test_the_fee_of_a_day_is_known():
    assert fees.fee_per_day("adult") == 25
    assert fees.loan_days("child") == 28


def test_sundays_are_closed():
    assert hours.is_open("saturday")
    assert not hours.is_open("sunday")
    assert hours.holiday_hours() == {"saturday": ["10:00", "13:00"]}


def test_the_menu_names_every_prompt():
    assert prompts.menu() == ["blocked", "farewell", "overdue", "reminder", "reserved", "welcome"]
    assert all(prompts.prompt(name) for name in prompts.menu())


def test_settings_are_read_once(monkeypatch):
    monkeypatch.setitem(settings.SETTINGS.values, "renewals", 5)
    assert settings.SETTINGS.renewals() == 5


def test_the_branch_and_the_page_are_two_files():
    branch, text = about.about()
    assert branch == "North"
    assert text.startswith("# ")
