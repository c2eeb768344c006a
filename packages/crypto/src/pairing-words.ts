/**
 * 256 words, one for each byte, that two devices show beside their digits. Chosen for this list, taken from no other; it is under Skerry's own licence.
 * Common nouns and colours, 4 to 8 letters; the first three letters tell each from all others, and no two are one letter apart (pairing-words.test.ts).
 * The order is part of the format: devices of two versions have to show the same words.
 */
const text = `
acorn album amber anchor angel apple arrow atlas bacon badge banjo basket bell bird bishop blanket board book bottle bridge bronze
brush bucket buffalo butter cabin cactus camel candle captain carpet castle cherry chimney circle cloud cobra coffee comet copper
cotton coyote crayon cricket crown curtain cushion daisy dancer desert diamond dinner doctor dolphin dragon drum duck eagle easel
echo eclipse elbow emerald engine fabric falcon feather fiddle flute forest fossil fountain freckle frog fruit funnel galaxy
garlic gentle giant ginger glacier globe gold gorilla grape guitar hammer harbor helmet hermit hill honey horse hotel hunter
icicle igloo indigo insect iron island ivory jacket jaguar jelly jigsaw judge juice jungle kayak kettle kidney king kitten koala
ladder lagoon lamp lantern lemon library lily lion lizard lobster lotus lunar machine magnet mango maple marble meadow melon
mercury meteor mirror model monkey moon mosaic muffin museum napkin nectar needle nickel noodle north nugget nylon oasis ocean
octopus office olive onion opera orange orchid ostrich otter oven oxygen oyster paddle palace panda paper parrot peach pelican
pencil pepper piano pigeon pillow planet plum pocket pony potato prince puppet purple pyramid quartz queen quilt rabbit radio
rainbow ranger raven robot sailor salmon sandal scarf school sculptor shadow shelf signal silver skate sledge smile snow soldier
spider spoon square stable sugar summer swan syrup tablet taxi teapot temple thunder ticket tiger toast tomato tractor trumpet
tulip tunic turtle umbrella uncle unicorn valley vanilla velvet village violin volcano waffle wagon walnut water wedding whale
window wolf yacht yellow yogurt zebra zigzag zipper
`;

export const pairingWords: readonly string[] = text.trim().split(/\s+/);
