"""Texts of every script are laid out as wide as terminals show them."""

import ctypes
import locale
from pathlib import Path

import pyte
import pytest
from test_interview_terminal import Terminal

from support.fake_interview import choices, prompt
from survey_cli.entries import PickEntry, Prompt, to_plain_text
from survey_cli.text_width import count_fitting, find_letter_end, fit, is_certain, measure_width
from survey_cli.tui.widgets.styled import style_text

SCRIPTS = {
    "Arabic": "يولد جميع الناس أحرارًا متساوين في الكرامة والحقوق، وقد وهبوا عقلًا وضميرًا",
    "Armenian": "Բոլոր մարդիկ ծնվում են ազատ ու հավասար իրենց արժանապատվությամբ ու իրավունքներով",
    "Bangla": "সমস্ত মানুষ স্বাধীনভাবে সমান মর্যাদা এবং অধিকার নিয়ে জন্মগ্রহণ করে",
    "Bopomofo": "ㄖㄣˊ ㄖㄣˊ ㄕㄥ ㄦˊ ㄗˋ ㄧㄡˊ ㄗㄞˋ ㄗㄨㄣ ㄧㄢˊ ㄏㄢˋ ㄑㄩㄢˊ ㄌㄧˋ ㄕㄤˋ ㄧ ㄌㄩˋ ㄆㄧㄥˊ ㄉㄥˇ",
    "Burmese": "လူတိုင်းသည် တူညီ လွတ်လပ်သော ဂုဏ်သိက္ခာဖြင့် လည်းကောင်း မွေးဖွားလာသူများ ဖြစ်သည်",
    "Chinese": "人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心,并应以兄弟关系的精神相对待",
    "Cyrillic": "Все люди рождаются свободными и равными в своем достоинстве и правах",
    "Devanagari": "सभी मनुष्यों को गौरव और अधिकारों के विषय में जन्मजात स्वतन्त्रता और समानता प्राप्त है",
    "Ethiopic": "የሰው ልጅ ሁሉ ሲወለድ ነጻና በክብርና በመብትም እኩልነት ያለው ነው",
    "Georgian": "ყველა ადამიანი იბადება თავისუფალი და თანასწორი თავისი ღირსებითა და უფლებებით",
    "Greek": "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα",
    "Gujarati": "પ્રતિષ્ઠા અને અધિકારોની દૃષ્ટિએ સર્વ માનવો જન્મથી સ્વતંત્ર અને સમાન હોય છે",
    "Gurmukhi": "ਸਾਰਾ ਮਨੁੱਖੀ ਪਰਿਵਾਰ ਆਪਣੀ ਮਹਿਮਾ, ਸ਼ਾਨ ਅਤੇ ਹੱਕਾਂ ਦੇ ਪੱਖੋਂ ਜਨਮ ਤੋਂ ਹੀ ਆਜ਼ਾਦ ਹੈ",
    "Hebrew": "כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם",
    "Japanese": "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である",
    "Kannada": "ಎಲ್ಲಾ ಮಾನವರೂ ಸ್ವತಂತ್ರರಾಗಿಯೇ ಜನಿಸಿದ್ದಾರೆ. ಹಾಗೂ ಘನತೆ ಮತ್ತು ಹಕ್ಕುಗಳಲ್ಲಿ ಸಮಾನರಾಗಿದ್ದಾರೆ",
    "Khmer": "មនុស្សទាំងអស់កើតមកមានសេរីភាព និងសមភាពក្នុងផ្នែកសេចក្ដីថ្លៃថ្នូរនិងសិទ្ធិ",
    "Korean": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다",
    "Lao": "ມະນຸດທຸກຄົນເກີດມາມີກຽດສັກສີ ສິດທິ ເສລີພາບ ແລະຄວາມສະເໝີພາບເທົ່າທຽມກັນ",
    "Latin": "Toți oamenii se nasc liberi și egali; tất cả mọi người sinh ra đều được tự do",
    "Malayalam": "മനുഷ്യരെല്ലാവരും തുല്യാവകാശങ്ങളോടും അന്തസ്സോടും സ്വാതന്ത്ര്യത്തോടും കൂടി ജനിച്ചവരാണ്",
    "Mongolian": "Хүн бүр төрж мэндлэхэд эрх чөлөөтэй, адилхан нэр төртэй, ижил эрхтэй байдаг",
    "Odia": "ସବୁ ମନୁଷ୍ୟ ଜନ୍ମକାଳରୁ ସ୍ୱାଧୀନ. ସେମାନଙ୍କର ମର୍ଯ୍ୟାଦା ଓ ଅଧିକାର ସମାନ",
    "Sinhala": "සියලු මනුෂ්‍යයෝ නිදහස්ව උපත ලබා ඇත. ගරුත්වයෙන් හා අයිතිවාසිකම් අතින් සමාන වෙති. ශ්‍රී ලංකා",
    "Tamil": "மனிதப் பிறவியினர் சகலரும் சுதந்திரமாகவே பிறக்கின்றனர்; அவர்கள் மதிப்பிலும் உரிமைகளிலும் சமமானவர்கள்",
    "Telugu": "ప్రతిపత్తిస్వత్వముల విషయమున మానవులెల్లరును జన్మతః స్వతంత్రులును సమానులును నగుదురు",
    "Thaana": "އެންމެހައި އިންސާނުން ވެސް އުފަންވަނީ، ދަރަޖަ އާއި ޙައްޤު ތަކުގައި މިނިވަންކަން",
    "Thai": "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ น้ำ",
    "Tibetan": "འགྲོ་བ་མིའི་རིགས་རྒྱུད་ཡོངས་ལ་སྐྱེས་ཙམ་ཉིད་ནས་ཆེ་མཐོངས་དང༌། ཐོབ་ཐངགི་རང་དབང་",
    "emoji": "👩‍👩‍👧 family 👍🏽 yes ❤️ heart 🇩🇪 flag 👩‍⚕️ doctor 🏳️‍🌈",
}
TMUX = {
    "का": 2, "की": 2, "के": 1, "नमस्ते": 4, "ক্ষী": 3, "சী": 2, "கொ": 2, "ക്‍": 1, "മാ": 2, "ශ්‍රී ලංකා": 6, "မြ": 2,
    "ខ្មែ": 3, "น้ำ": 2, "العربية": 7, "می‌خواهم": 7, "한": 2, "한국": 4, "漢字": 4, "é": 1, "👩‍👩‍👧": 2, "👍🏽": 2, "❤️": 2,
    "🇩🇪": 2, "👩‍⚕️": 2, "ᬅᬓ᭄ᬱᬭ": 5, "가〮": 4,
}  # fmt: skip
"""Cells that tmux 3.5a moved its cursor by; it takes the widths of the C library."""


@pytest.mark.parametrize(("text", "cells"), TMUX.items())
def test_a_text_is_as_wide_as_a_terminal_shows_it(text: str, cells: int) -> None:
    assert measure_width(text) == cells


def library_width() -> "ctypes._NamedFuncPointer | None":
    """The C library's own measure of one character, where it knows Unicode."""
    try:
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
        width = ctypes.CDLL(None).wcwidth
    except (OSError, AttributeError, locale.Error):
        return None
    width.argtypes = [ctypes.c_wchar]
    return width if width("漢") == 2 else None


LIBRARY = library_width()
needs_library = pytest.mark.skipif(LIBRARY is None, reason="the C library has no wcwidth for UTF-8")


@needs_library
@pytest.mark.parametrize("name", [name for name in SCRIPTS if name != "emoji"])
def test_every_script_is_measured_as_the_c_library_does(name: str) -> None:
    assert LIBRARY is not None
    for word in SCRIPTS[name].split():
        if "\u200d" not in word:
            assert measure_width(word) == sum(LIBRARY(c) for c in word), word


class Screen(pyte.Screen):
    """A terminal's screen by the C library's widths, which most terminals take."""

    def draw(self, data: str) -> None:
        for c in data:
            width = LIBRARY(c)  # type: ignore[misc]
            if width <= 0:
                continue
            if self.cursor.x + width > self.columns:
                self.carriage_return()
                self.linefeed()
            line = self.buffer[self.cursor.y]
            line[self.cursor.x] = self.cursor.attrs._replace(data=c)
            if width == 2:
                line[self.cursor.x + 1] = self.cursor.attrs._replace(data="")
            self.cursor.x += width


FOLDERS = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "tui")]
WORLD = f"sys.path.extend({FOLDERS!r}) or __import__('test_text_width').questions()"


def questions() -> tuple[Prompt, ...]:
    """One question in each script, long enough to fill its lines."""
    return tuple(
        prompt(f"q{n}", f"{text} {text} {text}", PickEntry(options=choices(text, "2")))
        for n, (name, text) in enumerate(SCRIPTS.items())
        if name != "emoji"
    )


def _read_question(lines: list[str]) -> str:
    """Read the question and its options, without blanks and the bar beside it."""
    return "".join("".join(lines[3:21]).replace("▌", "").split())


@needs_library
def test_questions_in_every_script_keep_to_their_lines() -> None:
    """On a real terminal, one painted over the other: nothing runs into the next line, nothing old is left."""
    terminal = Terminal(WORLD)
    terminal.screen = Screen(80, 24)
    terminal.stream = pyte.ByteStream(terminal.screen)
    asked = questions()
    for n, question in enumerate(asked, 1):
        lines = terminal.until(f"{n} / {len(asked)}").split("\n")
        bases = ["".join(c for c in to_plain_text(question.text) if LIBRARY(c) > 0)]  # type: ignore[misc]
        bases.append("".join(c for c in SCRIPTS[[*SCRIPTS][n - 1]] if LIBRARY(c) > 0))  # type: ignore[misc]
        expected = "".join(bases[0].split()) + "1" + "".join(bases[1].split()) + "22"
        for _ in range(20):  # the head may be painted before what stands below it
            if _read_question(lines) == expected:
                break
            lines = terminal.until("").split("\n")
        assert _read_question(lines) == expected, "\n".join(lines)
        assert len(lines[1].strip()) == 74, "the line of progress is whole"
        assert set(lines[1].strip()) <= {"━", "─"}
        terminal.child.send("1")


@pytest.mark.parametrize("text", [*SCRIPTS.values(), *TMUX, "plain", ""])
def test_cutting_and_filling_never_parts_a_letter_from_its_marks(text: str) -> None:
    for width in range(30):
        at = count_fitting(text, width)
        assert measure_width(text[:at]) <= width
        assert at == len(text) or measure_width(text[: find_letter_end(text, at)]) > width
        assert measure_width(fit(text, width)) == width
        if width >= 4:
            for line in style_text(text).wrap(width):
                assert measure_width(line.plain.rstrip()) <= width


def test_certain_are_the_texts_that_every_terminal_measures_alike() -> None:
    assert [is_certain(t) for t in ("plain", "é", "漢字", "العربية", "का", "👩‍👩‍👧", "می‌خواهم")] == [
        True, True, True, True, False, False, False,
    ]  # fmt: skip
