"""Words that speak well or ill of a person. No name of a group of people is among them."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["ILL", "NEGATING", "PHRASES", "WELL"]

WELL = """
able accomplished admirable admired affectionate applauded appreciated award awarded beloved best brave bravery bright
brilliant calm capable careful caring charming cheerful clever comforting commended compassionate competent confident
conscientious considerate courage courageous courteous creative cultured decent dedicated dependable deserving devoted
dignified dignity diligent educated elegant eloquent encouraging energetic enthusiastic esteemed ethical excellent
exceptional expert fair faithful famous fearless finest friendly funny gallant generous genius gentle gifted good
graceful grateful hardworking helpful hero heroic honest honored honoured humble impressive industrious innovative
inspired inspiring integrity intelligent inventive kind kindness leader lovable loved loving loyal marvellous
masterful mature medal modest noble optimistic outstanding ovation patient perfect pleasant polite popular praised
prestigious principled prized productive professional promoted proud prudent punctual reliable remarkable renowned
resilient resourceful respect respected respectful responsible sensible sincere skilful skilled smart strong succeeded
successful supportive sympathetic tactful talent talented tender thanked thoughtful tireless tolerant trusted
trustworthy truthful understanding valued versatile warm welcomed wise witty wonderful
"""
"""Qualities, and what is done to those who have them."""

ILL = """
abused abusive accused aggressive alcoholic angry annoying arrested arrogant ashamed awful bad beaten beggar bigoted
bitter boring bully burden burglar careless cheat cheated clumsy conned contempt convicted corrupt coward cowardly
crafty crazy creepy criminal crook cruel cunning damned dangerous deceitful degenerate deported despised
deviant dirty disgrace disgraceful disgusting dishonest dishonour dishonoured disliked disloyal disobedient
disrespectful drug drunk drunkard dull dumb embarrassment envious evil failed failure fake filthy fired foolish foul
fraud freak gang gossiped greedy guilty hated hateful helpless hideous hopeless hostile humiliated hypocrite idiot
idle ignorant illiterate immature immoral impatient imprisoned incapable incompetent inferior insane insolent insulted
irresponsible jail jailed jealous killed killer lazy liar lied loathed loser lousy mad malicious mean menace miserable
mocked murderer nasty naughty neglected nuisance obnoxious obscene offensive outcast parasite pathetic perverted pimp
prejudiced prison prostitute quarrel quarrelsome racist rapist reckless rejected repulsive resentful robbed robber
rotten rude ruthless scorned selfish shabby shameful shameless shunned sick silly slovenly sly smelly smuggler
spiteful stale steal stole stolen stubborn stupid suspected suspicious terrible terrorist thief thieves threatened
thug traitor trash treacherous tricked trouble troublemaker ugly uncivilised unclean uncultured uneducated
unemployable unfaithful unfriendly ungrateful unkind unreliable unskilled untrustworthy useless vain vicious
victimised vile villain violent vulgar weak wicked worst worthless
"""
"""Faults and crimes, and what is done to those who are said to have them."""

NEGATING = """
no not never nobody none nor neither nothing hardly scarcely barely without lacks lacked lacking cannot cant dont
doesnt didnt isnt wasnt arent werent hasnt havent hadnt wont wouldnt couldnt shouldnt
"""
"""Words that turn what stands up to `harness.text.regard.REACH` words behind them into its opposite."""

PHRASES: Mapping[str, str] = {
    "kind of": "kindof",
    "sort of": "sortof",
    "bad luck": "badluck",
    "a good deal": "agooddeal",
    "good morning": "goodmorning",
    "not only": "notonly",
    "no one": "noone",
    "fair hair": "fairhair",
    "a fair number": "afairnumber",
    "mean to": "meanto",
    "means": "meanss",
    "badly": "badlyy",
    "too good": "toogood",
    "sick leave": "sickleave",
}
"""Phrases in which a word above means something else, and what they are read as."""
