#!/bin/sh
# Makes the three fonts of the book from their sources; needs pip, npm, unzip, and
# fonttools 4.68 with brotli 1.2. Run it in this folder.
set -eu

here=$(pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

pip download --quiet --no-deps fontpkg-source-serif-4==4.4
unzip -q fontpkg_source_serif_4-4.4-py3-none-any.whl
npm pack --silent @fontsource/stix-two-math@5.3.0 >/dev/null
tar xzf fontsource-stix-two-math-5.3.0.tgz
cp fontpkg_source_serif_4/LICENSE "$here/source-serif-4-LICENSE.txt"
cp package/LICENSE "$here/stix-two-math-LICENSE.txt"

# Latin with its extensions, Greek, punctuation, super- and subscripts, arrows and the
# mathematical signs that the text font has
text="U+0020-007E,U+00A0-017F,U+0192,U+02C6,U+02DA,U+02DC,U+0300-0304,U+0306-030C"
text="$text,U+0370-03FF,U+1E9E,U+2000-206F,U+2070-209C,U+20AC,U+2113,U+2116,U+2122"
text="$text,U+212E,U+2150-215E,U+2190-2199,U+2202-22FF,U+25A0-25FF,U+2713,U+FB00-FB04"

# italic, bold, bold italic, script and double-struck alphabets, upright and italic
# Greek, operators, arrows, accents, brackets with all the sizes MATH has for them
math="U+0020-007E,U+00A0,U+00AC,U+00AF-00B1,U+00B4,U+00B7,U+00D7,U+00F7,U+02C6,U+02C7"
math="$math,U+02D8-02DC,U+0300-0304,U+0306-0308,U+030A,U+030C,U+0338,U+0391-03A9"
math="$math,U+03B1-03C9,U+03D1,U+03D5,U+03D6,U+03F0,U+03F1,U+03F5,U+2010-2016"
math="$math,U+2018-201D,U+2020-2022,U+2026,U+2032-2034,U+203E,U+2044,U+2061-2064"
math="$math,U+20D7,U+2102,U+210B,U+210E,U+2110-2113,U+2115,U+2119-211D,U+2124,U+212C"
math="$math,U+2130,U+2131,U+2133,U+2190-2199,U+21A6,U+21A9,U+21AA,U+21BC,U+21C0"
math="$math,U+21CC,U+21D0-21D4,U+2200-2213,U+2215-222C,U+2234,U+2235,U+223C,U+2243"
math="$math,U+2245,U+2248,U+2250,U+2254,U+2255,U+2260-2265,U+226A,U+226B,U+227A"
math="$math,U+227B,U+2282-2287,U+2295-2299,U+22A2-22A5,U+22C0-22C6,U+22EE-22F1"
math="$math,U+2308-230B,U+23B0,U+23B4,U+23B5,U+23DC-23DF,U+25A0,U+25A1,U+25CB"
math="$math,U+27E6-27E9,U+27F5-27FA,U+2A7D,U+2A7E,U+1D400-1D4CF,U+1D538-1D56B"
math="$math,U+1D6A4,U+1D6A5,U+1D6A8-1D71B,U+1D7CE-1D7E1"

# The licences reserve the names "Source" and "STIX" for unmodified fonts.
rename() {
    python - "$1" "$2" <<'PYTHON'
import sys
from fontTools.ttLib import TTFont

path, name = sys.argv[1:]
font = TTFont(path, recalcTimestamp=False)
for record in list(font["name"].names):
    if record.nameID in (1, 4, 16, 18):
        record.string = name
    elif record.nameID in (3, 6, 20, 25):
        record.string = name.replace(" ", "")
    elif record.nameID >= 256:
        text = record.toUnicode()
        record.string = text.replace("SourceSerif4", name.replace(" ", ""))
if "CFF " in font:
    font["CFF "].cff.fontNames[0] = name.replace(" ", "")
    top = font["CFF "].cff.topDictIndex[0]
    top.FamilyName = top.FullName = name
font.save(path)
PYTHON
}

for style in roman italic; do
    case $style in roman) file="SourceSerif4" ;; *) file="SourceSerif4-Italic" ;; esac
    fonttools varLib.instancer "fontpkg_source_serif_4/files/$file[opsz,wght].ttf" \
        opsz=16 wght=400:700 --no-recalc-timestamp -q -o $style.ttf
    pyftsubset $style.ttf --unicodes="$text" --name-IDs='*' --flavor=woff2 \
        --layout-features=ccmp,locl,kern,mark,mkmk,liga,frac,numr,dnom,lnum,onum,pnum,tnum,sups,subs,case,zero \
        --output-file="$here/source-serif-4-$style.woff2"
    rename "$here/source-serif-4-$style.woff2" "Neurons Serif"
done

pyftsubset package/files/stix-two-math-latin-400-normal.woff2 --unicodes="$math" \
    --layout-features='*' --name-IDs='*' --flavor=woff2 --drop-tables+=FFTM \
    --output-file="$here/stix-two-math.woff2"
rename "$here/stix-two-math.woff2" "Neurons Math"
ls -l "$here"/*.woff2
