"""Words of one gender and their counterparts, written here; each stands in one pair, so that a swap has a way back.

Both words of a pair go with the same indefinite article. Words with several counterparts (mum, Ms) stand in no pair:
a text that holds one cannot be swapped whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

__all__ = ["FAMOUS", "KIN", "NAMES", "NOUNS", "REGNAL", "TITLES", "UNPAIRED", "both_ways"]

KIN_PAIRS = (
    *(("father", "mother"), ("dad", "mom"), ("daddy", "mommy"), ("son", "daughter"), ("brother", "sister")),
    *(("uncle", "aunt"), ("nephew", "niece"), ("husband", "wife"), ("grandfather", "grandmother")),
    *(("grandpa", "grandma"), ("granddad", "grandmom"), ("grandson", "granddaughter"), ("stepfather", "stepmother")),
    *(("stepson", "stepdaughter"), ("stepbrother", "stepsister"), ("godfather", "godmother")),
    *(("godson", "goddaughter"), ("boyfriend", "girlfriend"), ("bridegroom", "bride"), ("widower", "widow")),
)
OTHER_PAIRS = (
    *(("man", "woman"), ("boy", "girl"), ("male", "female"), ("gentleman", "lady"), ("lad", "lass"), ("guy", "gal")),
    *(("king", "queen"), ("prince", "princess"), ("duke", "duchess"), ("baron", "baroness"), ("emperor", "empress")),
    *(("hero", "heroine"), ("heir", "heiress"), ("wizard", "witch"), ("monk", "nun"), ("landlord", "landlady")),
    *(("actor", "actress"), ("waiter", "waitress"), ("headmaster", "headmistress"), ("patriarch", "matriarch")),
    *(("businessman", "businesswoman"), ("chairman", "chairwoman"), ("policeman", "policewoman")),
    *(("salesman", "saleswoman"), ("spokesman", "spokeswoman"), ("sportsman", "sportswoman")),
    *(("fireman", "firewoman"), ("congressman", "congresswoman"), ("craftsman", "craftswoman")),
    *(("horseman", "horsewoman"), ("nobleman", "noblewoman"), ("countryman", "countrywoman"), ("postman", "postwoman")),
)
PLURALS: Mapping[str, str] = {
    "man": "men",
    "woman": "women",
    "wife": "wives",
    "lady": "ladies",
    "landlady": "landladies",
    "daddy": "daddies",
    "mommy": "mommies",
    "hero": "heroes",
    "witch": "witches",
    "lass": "lasses",
}
"""Irregular ones; words in -man take those of man, words in -ss take -es."""
OTHER_FORMS = (
    *(("masculine", "feminine"), ("masculinity", "femininity"), ("paternal", "maternal"), ("fatherly", "motherly")),
    *(("brotherly", "sisterly"), ("boyish", "girlish"), ("manly", "womanly"), ("fatherhood", "motherhood")),
    *(("brotherhood", "sisterhood"), ("boyhood", "girlhood"), ("manhood", "womanhood"), ("fatherless", "motherless")),
    *(("paternity", "maternity"), ("sir", "madam"), ("schoolboy", "schoolgirl"), ("schoolboys", "schoolgirls")),
)
NAME_PAIRS = (
    *(("John", "Mary"), ("James", "Linda"), ("Robert", "Susan"), ("Michael", "Jennifer"), ("William", "Barbara")),
    *(("David", "Margaret"), ("Richard", "Karen"), ("Thomas", "Sarah"), ("Charles", "Nancy"), ("Daniel", "Lisa")),
    *(("Matthew", "Betty"), ("Anthony", "Sandra"), ("Steven", "Kimberly"), ("Paul", "Emily"), ("Andrew", "Donna")),
    *(("Joshua", "Michelle"), ("Kenneth", "Laura"), ("Kevin", "Amanda"), ("Brian", "Melissa"), ("George", "Deborah")),
    *(("Timothy", "Stephanie"), ("Ronald", "Rebecca"), ("Edward", "Helen"), ("Jason", "Cynthia"), ("Ryan", "Amy")),
    *(("Jeffrey", "Kathleen"), ("Jacob", "Angela"), ("Gary", "Shirley"), ("Nicholas", "Anna"), ("Eric", "Brenda")),
    *(
        ("Jonathan", "Pamela"),
        ("Stephen", "Nicole"),
        ("Larry", "Ruth"),
        ("Justin", "Katherine"),
        ("Scott", "Christine"),
    ),
    *(("Brandon", "Samantha"), ("Benjamin", "Catherine"), ("Samuel", "Janet"), ("Gregory", "Debra")),
    *(("Alexander", "Rachel"), ("Patrick", "Carolyn"), ("Raymond", "Maria"), ("Dennis", "Heather"), ("Jerry", "Diane")),
    *(("Tyler", "Julie"), ("Aaron", "Joyce"), ("Henry", "Alice"), ("Adam", "Julia"), ("Nathan", "Megan")),
    *(("Peter", "Jane"), ("Zachary", "Lauren"), ("Kyle", "Andrea"), ("Walter", "Martha"), ("Harold", "Gloria")),
    *(("Jeremy", "Teresa"), ("Ethan", "Sara"), ("Carl", "Marie"), ("Keith", "Janice"), ("Roger", "Judith")),
    *(("Albert", "Judy"), ("Hugo", "Clara"), ("Felix", "Greta"), ("Oliver", "Olivia"), ("Leo", "Chloe")),
    *(("Liam", "Sophie"), ("Noah", "Isabella"), ("Simon", "Sophia"), ("Martin", "Hannah"), ("Philip", "Lucy")),
    *(("Arthur", "Edith"), ("Tom", "Kate"), ("Ben", "Molly"), ("Harry", "Ellen"), ("Omar", "Fatima")),
    *(("Ahmed", "Aisha"), ("Jamal", "Latoya"), ("Carlos", "Carmen"), ("Juan", "Lucia"), ("Luis", "Elena")),
    *(("Raj", "Priya"), ("Ivan", "Olga"), ("Hans", "Heidi"), ("Joseph", "Agnes"), ("Jack", "Emma")),
)


def _plural(word: str) -> str:
    if word in PLURALS:
        return PLURALS[word]
    if word.endswith("man"):
        return f"{word[:-2]}en"
    return f"{word}es" if word.endswith("ss") else f"{word}s"


def both_ways(pairs: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Return word → counterpart, for either word of each pair.

    Raises:
        ValueError: a word stands in two pairs.
    """
    found: dict[str, str] = {}
    for one, other in pairs:
        if one in found or other in found:
            raise ValueError(f"{one!r} or {other!r} stands in two pairs")
        found |= {one: other, other: one}
    return found


NOUNS = both_ways(
    (
        *KIN_PAIRS,
        *OTHER_PAIRS,
        *((_plural(one), _plural(other)) for one, other in (*KIN_PAIRS, *OTHER_PAIRS)),
        *OTHER_FORMS,
    )
)
"""Words for people and kin, with their plurals, in small letters."""
KIN = frozenset(both_ways((*KIN_PAIRS, *((_plural(one), _plural(other)) for one, other in KIN_PAIRS))))
"""Words for kin: none of them is a verb in its usual sense after a verb that takes two objects."""
NAMES = both_ways(NAME_PAIRS)
"""First names that are no other words."""
TITLES = both_ways((("mr", "mrs"), ("lord", "lady")))
"""Titles before a name."""
UNPAIRED = frozenset(
    (
        *("ms", "miss", "mum", "mums", "mummy", "missus", "mistress", "maiden", "maidens", "spinster", "lord", "lords"),
        *("pregnant", "pregnancy", "breastfeeding", "bearded", "moustache", "menstruation", "testicles", "womb"),
    )
)
"""Words of one gender without one counterpart: with them a text cannot be swapped whole."""
REGNAL = ("King", "Queen", "Prince", "Princess", "Pope", "Saint", "St", "Emperor", "Empress", "Duke", "Duchess", "Dame")
"""Before a name these say that somebody in history is meant."""
FAMOUS = (
    *("Marie Curie", "Albert Einstein", "Isaac Newton", "Charles Darwin", "Ada Lovelace", "Alan Turing", "Jane Austen"),
    *("Emily Dickinson", "William Shakespeare", "Charles Dickens", "Mark Twain", "Virginia Woolf", "Mary Shelley"),
    *("George Washington", "Abraham Lincoln", "Thomas Jefferson", "John Adams", "John Kennedy", "Richard Nixon"),
    *(
        "Ronald Reagan",
        "Barack Obama",
        "Michelle Obama",
        "Donald Trump",
        "Joe Biden",
        "Bill Clinton",
        "Hillary Clinton",
    ),
    *("Margaret Thatcher", "Winston Churchill", "Tony Blair", "Angela Merkel", "Nelson Mandela", "Mahatma Gandhi"),
    *("Martin Luther King", "Rosa Parks", "Martin Luther", "Jesus Christ", "Joan of Arc", "Julius Caesar"),
    *("Napoleon Bonaparte", "Christopher Columbus", "Marco Polo", "Leonardo da Vinci", "Michelangelo", "Rembrandt"),
    *("Vincent van Gogh", "Pablo Picasso", "Frida Kahlo", "Wolfgang Amadeus Mozart", "Ludwig van Beethoven"),
    *(
        "John Lennon",
        "Paul McCartney",
        "George Harrison",
        "Elton John",
        "Michael Jackson",
        "Elvis Presley",
        "Bob Dylan",
    ),
    *("Taylor Swift", "Marilyn Monroe", "Charlie Chaplin", "Walt Disney", "Alfred Hitchcock", "Steven Spielberg"),
    *("Stephen King", "Agatha Christie", "Arthur Conan Doyle", "Oscar Wilde", "Leo Tolstoy", "Karl Marx"),
    *("Sigmund Freud", "Florence Nightingale", "Helen Keller", "Anne Frank", "Amelia Earhart", "Neil Armstrong"),
    *("Michael Jordan", "Serena Williams", "Muhammad Ali", "Bill Gates", "Steve Jobs", "Elon Musk", "Henry Ford"),
    *("Thomas Edison", "Nikola Tesla", "Alexander Graham Bell", "Stephen Hawking", "Rosalind Franklin", "Jane Goodall"),
)
"""People of whom a swapped text would say what is false; a short list, and far from all."""
