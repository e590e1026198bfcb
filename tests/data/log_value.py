"""Labels, ratings, events and titles as they stand in logs, each with what it is an example of."""

from collections.abc import Sequence

from hypothesis import strategies as st

LABELS: dict[str, tuple[str, ...]] = {
    "small numbers": ("1", "2", "3", "10", "0", "300"),
    "numbers far apart": ("1", "2147483648", "4294967295", "4294967296", "99999999999", "0"),
    "zero-padded": ("007", "07", "7", "0", "00", "010"),
    "negative": ("-1", "-2", "1", "-9223372036854775808", "3", "-30"),
    "huge": (
        "123456789012345678901234567890",
        "123456789012345678901234567891",
        "9223372036854775807",
        "9223372036854775808",
        "1",
        "18446744073709551616",
    ),
    "whole floats": ("7.0", "8.0", "10.0", "70.0", "0.0", "3.0"),
    "text": ("bob", "Bob", "alice", "u1", "U-2", "x.y"),
    "asin": ("B000142FVW", "0000031852", "A39HTATAQ9V7YF", "1e5", "0x10", "+7"),
    "unicode": ("é", "e\u0301", "日本", "🎸", "שלום", "Ω\u200b"),
    "with signs": ("#1", "%41", "a'b", "$x$", "[/b]", "^user$"),
    "with blanks": ("a b", "a  b", "New York", "x y z", "b a", "a\u00a0b"),
    "numbers and text": ("1", "2", "bob", "3", "10", "007"),
    "truth": ("true", "false", "True", "yes", "no", "0"),
}
"""Six labels of a kind each."""

MIXED_LABELS: tuple[str, ...] = ("7", "7.0", "8", "9.0", "9", "10")
"""Of whole numbers, some as floats: 7 and 7.0 are one."""

QUOTED_LABELS: dict[str, tuple[str, ...]] = {
    "with separators": ("a,b", "a;b", "a|b", "a,b;c|d", "b", "c"),
    "with quotes": ('7" single', "a", 'say "hi"', '12" x 12"', "b", "c'"),
}

NAMES = {
    "user": (
        "user_id",
        "userId",
        "UserID",
        "visitorid",
        "SessionId",
        "session_id",
        "reviewerID",
        "user_id:token",
        "user",
    ),
    "item": (
        "item_id",
        "movieId",
        "ItemId",
        "itemid",
        "asin",
        "product_id",
        "item_id:token",
        "article_id",
        "sku",
        "item",
    ),
    "time": (
        "timestamp",
        "Time",
        "ts",
        "unixReviewTime",
        "timestamp:float",
        "event_time",
        "date",
        "created_at",
        "time",
    ),
    "rating": ("rating", "overall", "score", "rating:float", "stars"),
    "event": ("event", "event_type", "type", "behavior", "action"),
}
"""Names that are recognised."""

OTHER_NAMES = {
    "user": ("who", "wer", "§", "user col"),
    "item": ("what", "^x$", "[i]", "*"),
    "time": ("when", "t,t", "🕐", "a.b"),
}
"""Names that are given as options."""

TITLE_NAMES = ("title", "überschrift", "")

MISSING_WORDS = ("", "NA", "null", "None", "nan", "NaN", r"\N", "N/A", "<NA>", "#N/A", "NULL")

TITLES: dict[str, tuple[str, ...]] = {
    "plain titles": ("a title", "", "x", "1", "Heat (1995)", "NA"),
    "unicode titles": (
        "a\u2028b",
        "a\u0085b",
        "\u00a0",
        "🎉 party",
        "e\u0301",
        "מבחן",
        "\u200f",
        "\ufeff",
        "a\u000bb",
        "\u001d",
        "ｆｕｌｌ",
    ),
    "signs in titles": ("# no comment", "50% off", "it's", "'", "C:\\x", "a::b", "$[/b]^", "{}", "\\", "a\tb"),
    "separators in titles": ("a,b", "a;b;c", "a|b|c|d", "a,b;c|d\te", ",", ";;;", "1,2,3"),
    "doubled quotes in titles": ('say "hi"', '"', '""', '"quoted"', 'a","b', '12" x 12", 7"'),
    "line ends in titles": ("a\nb", "a\r\nb", "\n", "one\ntwo\nthree", "\n\n", "a\n\nb"),
}
"""Text of columns that aren't read."""

STRAY_TITLES: dict[str, tuple[str, ...]] = {
    "inch marks within fields": ('7" single', '12" x 7"', 'a"b"c', 'x"', "plain", "The 'a\""),
    "quotes that begin fields": ('"abc', '"', '"a" b', '"Weird Al" Yankovic', "plain", '"a""b'),
    "backslash escapes": ('"say \\"hi\\""', '"12\\" vinyl"', '"a\\\\"', "plain", '"x \\", y"', '"\\""'),
}
"""Titles as they are written, without regard to any rule."""

RATINGS = ("5", "4", "4.0", "3.5", "1", "4.5", "0", "-1", "10", "3.9999")
ODD_RATINGS = {
    "ratings with a comma": ("5", "4,5", "3,5", "1,0", "4", "0,5"),
    "words for ratings": ("good", "4", "5", "*****", "bad", "3"),
}
EVENTS = ("view", "cart", "buy", "View", "addtocart")


@st.composite
def chosen(draw: st.DrawFn, n: int, values: Sequence[str]) -> list[str]:
    """N of the values; one draw, where a list of choices takes two for each."""
    return [values[byte % len(values)] for byte in draw(st.binary(min_size=n, max_size=n))]


@st.composite
def label_kinds(draw: st.DrawFn, quotes: bool = False) -> tuple[str, tuple[str, ...]]:
    """A kind of labels, and labels of it."""
    kinds = LABELS | (QUOTED_LABELS if quotes else {})
    kind = draw(st.sampled_from(sorted(kinds)))
    return kind, kinds[kind]
