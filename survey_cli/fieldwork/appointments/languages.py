"""Translation of words for days and times into the English words that the appointment grammar reads.

Names of months and days come from Babel; the few other words of each language are listed here. Nothing is guessed: an
unknown word stays, and is then reported as not understood.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

from survey_cli.instrument.texts.date_text import DAYS, MONTHS
from survey_cli.instrument.texts.languages import list_date_names

TRANSLATIONS: Final = {
    "de": r"""
        heute = today; ubermorgen = day after tomorrow; morgen (fruh|vormittag) = tomorrow morning; morgen = tomorrow
        morgens|fruh|vormittags?|am vormittag = morning; mittags? = noontime; nachmittags? = afternoon
        abends? = evening; wochenende = weekend; (nachste|kommende) woche = next week; diese woche = this week
        (nachste[nr]?|kommende[nr]?) = next; in (einer|einem|1) = in 1; halben stunde = 30 min
        stunden? = hours; minuten? = min; tag(en?)? = days; wochen? = weeks
        (\d{1,2}) uhr (\d{2}) = \1:\2; (\d{1,2}):(\d{2}) uhr = \1:\2; (\d{1,2}) uhr = \1:00
        halb (\d{1,2}) = half before \1; dreiviertel (\d{1,2}) = quarter to \1
        viertel nach (\d{1,2}) = quarter past \1; viertel vor (\d{1,2}) = quarter to \1
        zwischen = between; (nach|ab) = after; vor = before; bis = to; von = from; und = and; hier = here; dort = there
        (um|am|gegen|den|dem|der|zur?) =""",
    "pt": r"""
        depois de amanha = day after tomorrow; (de|pela) manha = morning; amanha = tomorrow; hoje = today
        (a|da|de|pela) tarde = afternoon; (a|da|de|pela) noite = evening; meio[- ]dia = noon
        (proxima semana|semana que vem) = next week; fim de semana = weekend; proxim[ao] = next
        (daqui a|dentro de|em) (\d{1,3}|uma?) = in \2; uma? = 1; horas? = hours; minutos? = min; dias? = days
        (\d{1,2}) e meia = \1:30; (\d{1,2}) ?h(\d{2}) = \1:\2; segunda(-feira)? = monday; terca(-feira)? = tuesday
        quarta(-feira)? = wednesday; quinta(-feira)? = thursday; sexta(-feira)? = friday
        (depois|a partir) das? = after; antes das? = before; entre = between; ate = to; e = and; aqui = here; la = there
        (as?|ao|na|no|das?|do|de) =""",
    "fr": r"""
        apres[- ]demain = day after tomorrow; demain = tomorrow; aujourd'hui = today; ce soir = today evening
        apres[- ]midi = afternoon; (le|du|au)? ?matin = morning; (le|du|au)? ?soir = evening; midi = noon
        semaine prochaine = next week; prochaine? = ; fin de semana|week[- ]end = weekend
        dans (\d{1,3}|une?) heures? = in \1 hours; dans (\d{1,3}|une?) (minutes?|mn) = in \1 min; une? = 1
        (\d{1,2}) ?(h|heures?) ?(\d{2}) = \1:\3; (\d{1,2}) ?(h|heures?) et demie = \1:30; (\d{1,2}) ?(h|heures?) = \1:00
        (apres|a partir de) = after; avant = before; entre = between; jours? = days; et = and; ici = here; la-bas = there
        (a|le|la|les|du|au|vers) =""",
    "it": r"""
        dopodomani = day after tomorrow; domani = tomorrow; oggi = today; stasera = today evening
        (di|la|del)? ?mattin[ao] = morning; (di|il|del)? ?pomeriggio = afternoon; (di|la|della)? ?sera = evening
        mezzogiorno = noon; (settimana prossima|prossima settimana) = next week; prossim[ao] = next
        (tra|fra) (\d{1,3}|un'?|una) (ore?|ora) = in \2 hours; (tra|fra) (\d{1,3}) minuti = in \2 min; (un'|una?) = 1
        (\d{1,2}) e mezz[ao] = \1:30; (tra|fra) le = between; dopo le = after; prima delle = before; e le = and
        e = and; qui = here; (alle|le|ore|il|di|del|verso) =""",
    "ru": r"""
        послезавтра = day after tomorrow; завтра = tomorrow; сегодня = today; утром = morning; днем = afternoon
        через (\d{1,3}) (дня|дней) = in \1 days; утра = morning; дня = afternoon; вечера|вечером = evening
        среду = wednesday; пятницу = friday; субботу = saturday; следующей неделе = next week; следующ(ий|ее|ую) = next
        через (\d{1,3}) час(а|ов)? = in \1 hours; через час = in 1 hours
        через (\d{1,3}) минуты? = in \1 min; после = after; до = before; (г|года|в|во|на|часов|часа|час) =""",
    "hi": r"""
        आज = today; परसों = day after tomorrow; कल = tomorrow; सुबह = morning; दोपहर = afternoon; शाम = evening
        रात = evening; अगले (हफ्ते|सप्ताह) = next week; (\d{1,3}) घंटे (बाद|में) = in \1 hours
        (\d{1,3}) मिनट (बाद|में) = in \1 min; साढ़े (\d{1,2}) = \1:30; सवा (\d{1,2}) = \1:15
        (\d{1,2}):(\d{2}) बजे = \1:\2; बजे =""",
    "ar": r"""
        بعد (غد|غدا|بكرة|بكرا) = day after tomorrow; (غدا|غد|بكرة|بكرا) = tomorrow; اليوم = today
        بعد (\d{1,3}) (ساعات|ساعة) = in \1 hours; بعد (\d{1,3}) (دقائق|دقيقة) = in \1 min; بعد ساعة = in 1 hours
        بعد ساعتين = in 2 hours; (صباحا|الصباح) = morning; (ظهرا|الظهر) = noontime; (عصرا|العصر) = afternoon
        بعد الظهر = afternoon; (مساء|المساء) = evening; (ليلا|الليل) = night; الأسبوع (القادم|المقبل) = next week
        (\d{1,2}) (و ?النصف|ونصف) = \1:30; بعد = after; قبل = before; بين = between; هنا = here; هناك = there
        (الساعة|يوم|في) =""",
    "ja": r"""
        明後日|あさって = day after tomorrow ; 明日|あした|あす = tomorrow ; 今日|きょう|本日 = today ; 来週 = next week
        (\d{1,3})時間後 = in \1 hours ; (\d{1,3})分後 = in \1 min ; (\d{4})年(\d{1,2})月(\d{1,2})日 = \1-\2-\3 ;
        (\d{1,2})月(\d{1,2})日 = month \1 day \2 ; (午前|朝)の?(\d{1,2})時(\d{1,2})分 = \2:\3 am ;
        (午後|夕方|夜)の?(\d{1,2})時(\d{1,2})分 = \2:\3 pm ; (午前|朝)の?(\d{1,2})時半 = \2:30 am ;
        (午後|夕方|夜)の?(\d{1,2})時半 = \2:30 pm ; (午前|朝)の?(\d{1,2})時 = \2 am ;
        (午後|夕方|夜)の?(\d{1,2})時 = \2 pm ; (\d{1,2})時半 = \1:30 ; (\d{1,2})時(\d{1,2})分 = \1:\2 ;
        (\d{1,2})時 = \1:00 ; 朝|午前 = morning ; 午後 = afternoon ; 夕方|夜 = evening ;
        (以降|から|より後) = ; [のに頃ごろ] = """,
    "zh": r"""
        后天 = day after tomorrow ; 明天 = tomorrow ; 今天 = today ; (下周|下星期|下个星期) = next week
        (\d{1,3})个?小时后 = in \1 hours ; (\d{1,3})分钟后 = in \1 min ; (\d{4})年(\d{1,2})月(\d{1,2})日 = \1-\2-\3 ;
        (\d{1,2})月(\d{1,2})[日号] = month \1 day \2 ; (上午|早上)(\d{1,2})[点时]半 = \2:30 am ;
        (下午|晚上)(\d{1,2})[点时]半 = \2:30 pm ; (上午|早上)(\d{1,2})[点时] = \2 am ;
        (下午|晚上)(\d{1,2})[点时] = \2 pm ;
        (\d{1,2})[点时]半 = \1:30 ; (\d{1,2})[点时](\d{1,2})分 = \1:\2 ; (\d{1,2})[点时] = \1:00 ; 上午|早上 = morning ;
        下午 = afternoon ; 晚上 = evening""",
}
"""Rules by language, `pattern = English`, separated by semicolons and line ends. Accents are left out, as in normalized
texts."""
UNSPACED_LANGUAGES: Final = frozenset({"ja", "zh", "th"})
"""Languages without spaces between words."""
_MONTH_DAY: Final = re.compile(r"month (\d{1,2}) day (\d{1,2})")
_HALF_BEFORE: Final = re.compile(r"half before (\d{1,2})")


def translate_to_english(text: str, languages: Iterable[str], plain: Callable[[str], str]) -> str:
    """Replace words of these languages by English ones. `plain` is the function that normalized the text."""
    for language in languages:
        if language.partition("-")[0] != "en":
            for pattern, english in _build_rules(language, plain):
                text = pattern.sub(english, text)
    text = _MONTH_DAY.sub(lambda m: f" {m[2]} {dict(enumerate(MONTHS, 1)).get(int(m[1]), '').lower()} ", text)
    text = _HALF_BEFORE.sub(lambda m: f"{(int(m[1]) - 2) % 12 + 1}:30", text)
    return " ".join(text.split())


@lru_cache(maxsize=32)
def _build_rules(language: str, plain: Callable[[str], str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Build the patterns of a language: its own words, then names of days and months, the longer ones first."""
    base = language.partition("-")[0]
    edges = ("", "") if base in UNSPACED_LANGUAGES else (r"(?<![\w:])", r"(?!\w)")
    rules = []
    for line in re.split(r"[;\n]", TRANSLATIONS.get(base, "")):
        words, equals, english = line.partition("=")
        if equals:
            # normalize the table's letters like the text; its pattern characters are ASCII and stay
            words = re.sub(r"[^\x00-\x7f]+", lambda m: plain(m[0]), words.strip())
            replaced = f" {english.strip()} " if base in UNSPACED_LANGUAGES else english.strip()
            rules.append((re.compile(f"{edges[0]}(?:{words}){edges[1]}"), replaced))
    names: dict[str, str] = {}
    months, days = list_date_names(language)
    for shown, english_names in ((days, DAYS), (months, MONTHS)):
        for n, name in enumerate(shown):
            bare = plain(name).rstrip(". ")
            if bare and not bare[0].isdecimal():
                names.setdefault(bare, english_names[n % len(english_names)].lower())
    longest_first = sorted(names, key=len, reverse=True)
    rules += [(re.compile(rf"{edges[0]}{re.escape(n)}\.?{edges[1]}"), f" {names[n]} ") for n in longest_first]
    return tuple(rules)
