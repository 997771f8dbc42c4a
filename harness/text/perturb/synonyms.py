"""Curated pairs of words: synonyms, and British and American spellings.

Written for this package. A pair is here if the words can be exchanged in nearly every context, in meaning and in
grammar: every inflected form has a pair of its own, and a word with a second part of speech or a second sense is
only ever what is put in, never what is replaced.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

__all__ = ["SPELLINGS", "SYNONYMS"]

EITHER_WAY = """
quickly/rapidly often/frequently maybe/perhaps nearly/almost roughly/approximately mainly/chiefly mainly/primarily
chiefly/primarily mainly/principally entirely/completely completely/totally entirely/totally exactly/precisely
consequently/therefore moreover/furthermore nonetheless/nevertheless toward/towards amid/amidst among/amongst
deliberately/intentionally especially/particularly solely/exclusively essentially/basically everybody/everyone
somebody/someone anybody/anyone everybody's/everyone's somebody's/someone's immediately/instantly
apparently/seemingly sometimes/occasionally famous/renowned huge/enormous hazardous/dangerous crucial/vital
courageous/brave sofa/couch sofas/couches pail/bucket pails/buckets luggage/baggage phone/telephone
phones/telephones fridge/refrigerator fridges/refrigerators cemetery/graveyard cemeteries/graveyards foe/enemy
foes/enemies mankind/humankind noon/midday disappear/vanish disappears/vanishes disappeared/vanished shouted/yelled
shouting/yelling suddenly/abruptly extremely/exceedingly constantly/continually automobile/motorcar
automobiles/motorcars puzzling/perplexing certainly/undoubtedly hence/therefore
"""

ONE_WAY = """
usually/generally usually/normally typically/usually whilst/while beside/next_to concerning/regarding
although/though nowadays/these_days annually/every_year seldom/rarely swiftly/quickly speedily/quickly
despite/in_spite_of via/by_way_of wealthy/rich strange/peculiar difficult/hard speedy/fast clever/smart
tiny/very_small lovely/beautiful numerous/many additional/extra entire/whole sufficient/enough automobile/car
automobiles/cars physician/doctor physicians/doctors bicycle/bike bicycles/bikes infant/baby infants/babies
photograph/photo photographs/photos movie/film movies/films garbage/rubbish attorney/lawyer attorneys/lawyers
mistakes/errors laboratory/lab laboratories/labs airplane/plane airplanes/planes aeroplane/plane aeroplanes/planes
hippopotamus/hippo rhinoceros/rhino influenza/flu grandma/grandmother grandpa/grandfather grandmas/grandmothers
grandpas/grandfathers policeman/police_officer policemen/police_officers fireman/firefighter firemen/firefighters
hog/pig hogs/pigs pal/friend pals/friends instructor/teacher instructors/teachers odour/smell odours/smells
odor/smell odors/smells shoreline/shore twilight/dusk youngsters/young_people kids/children gifts/presents
begin/start begins/starts began/started commence/start commences/starts commenced/started commencing/starting
purchasing/buying purchased/bought begun/started exam/examination exams/examinations merchant/trader
merchants/traders genuinely/truly obtain/get obtains/gets obtaining/getting require/need requires/needs
constructed/built constructing/building permitted/allowed reside/live resides/lives resided/lived residing/living
perish/die perishes/dies perished/died perishing/dying occur/happen occurs/happens occurred/happened
occurring/happening utilise/use utilises/uses utilised/used utilising/using utilize/use utilizes/uses utilized/used
utilizing/using inquire/ask inquires/asks inquired/asked comprehend/understand comprehends/understands
comprehended/understood accomplish/achieve accomplishes/achieves accomplishing/achieving resemble/look_like
resembles/looks_like resembled/looked_like investigate/look_into investigates/looks_into investigated/looked_into
investigating/looking_into postpone/put_off postpones/puts_off postponed/put_off conceal/hide conceals/hides
concealing/hiding terminates/ends terminated/ended assisted/helped assisting/helping
"""

BOTH_SPELLINGS = """
colour/color colours/colors coloured/colored colouring/coloring colourful/colorful favour/favor favours/favors
favoured/favored favourite/favorite favourites/favorites behaviour/behavior behaviours/behaviors neighbour/neighbor
neighbours/neighbors neighbouring/neighboring labour/labor honour/honor honours/honors honoured/honored
harbour/harbor harbours/harbors humour/humor rumour/rumor rumours/rumors flavour/flavor flavours/flavors
flavoured/flavored vapour/vapor odour/odor odours/odors tumour/tumor tumours/tumors armour/armor armoured/armored
saviour/savior endeavour/endeavor splendour/splendor vigour/vigor rigour/rigor parlour/parlor savour/savor
centre/center centres/centers centred/centered theatre/theater theatres/theaters fibre/fiber fibres/fibers
litre/liter litres/liters kilometre/kilometer kilometres/kilometers centimetre/centimeter centimetres/centimeters
millimetre/millimeter millimetres/millimeters sombre/somber spectre/specter lustre/luster calibre/caliber
defence/defense offence/offense pretence/pretense grey/gray greyish/grayish mould/mold moulds/molds mouldy/moldy
plough/plow ploughed/plowed ploughing/plowing aluminium/aluminum aeroplane/airplane aeroplanes/airplanes
jewellery/jewelry moustache/mustache moustaches/mustaches pyjamas/pajamas sceptical/skeptical sceptic/skeptic
travelled/traveled travelling/traveling traveller/traveler travellers/travelers labelled/labeled labelling/labeling
modelled/modeled modelling/modeling cancelled/canceled cancelling/canceling levelled/leveled signalled/signaled
fuelled/fueled marvellous/marvelous woollen/woolen skilful/skillful fulfil/fulfill enrol/enroll organise/organize
organises/organizes organised/organized organising/organizing organisation/organization organisations/organizations
realise/realize realises/realizes realised/realized realising/realizing recognise/recognize recognises/recognizes
recognised/recognized civilisation/civilization civilisations/civilizations specialise/specialize
specialised/specialized apologise/apologize memorise/memorize memorised/memorized summarise/summarize
summarised/summarized criticise/criticize analyse/analyze analysed/analyzed analysing/analyzing paralysed/paralyzed
catalogue/catalog dialogue/dialog anaesthetic/anesthetic paediatric/pediatric haemoglobin/hemoglobin
oestrogen/estrogen foetus/fetus archaeologist/archeologist archaeologists/archeologists archaeology/archeology
encyclopaedia/encyclopedia manoeuvre/maneuver chilli/chili
"""

TO_AMERICAN = "metre/meter metres/meters tyre/tire tyres/tires kerb/curb kerbs/curbs cheque/check cheques/checks"
TO_AMERICAN += " storey/story storeys/stories programme/program programmes/programs draught/draft draughts/drafts"


def _pairs(words: str) -> Iterator[tuple[str, str]]:
    for pair in words.split():
        one, other = pair.replace("_", " ").split("/")
        yield one, other


def _gathered(*lists: Iterator[tuple[str, str]]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for pairs in lists:
        for one, other in pairs:
            found[one] = (*found.get(one, ()), other)
    return found


SYNONYMS: Mapping[str, tuple[str, ...]] = _gathered(
    _pairs(EITHER_WAY), ((other, one) for one, other in _pairs(EITHER_WAY)), _pairs(ONE_WAY)
)
"""Lower-case words with those that can stand in their place."""

SPELLINGS: Mapping[str, tuple[str, ...]] = _gathered(
    _pairs(BOTH_SPELLINGS), ((other, one) for one, other in _pairs(BOTH_SPELLINGS)), _pairs(TO_AMERICAN)
)
"""Lower-case words with their spelling on the other side of the Atlantic, unless that is another word as well."""
