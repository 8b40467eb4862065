//! Fields of `x509sat`.

use super::kinds::*;

protocol! { x509sat "x509sat" "X.509 Selected Attribute Types";
    DIRECTORY_STRING "x509sat.DirectoryString" U32, "Which kind of string the value is";
    COUNTRY_NAME "x509sat.CountryName" Text, "Country, two letters";
    TELETEX_STRING "x509sat.teletexString" Text, "Text in T.61";
    PRINTABLE_STRING "x509sat.printableString" Text, "Text of few characters";
    UNIVERSAL_STRING "x509sat.universalString" Text, "Text in UTF-32";
    BMP_STRING "x509sat.bmpString" Text, "Text in UTF-16";
    UTF8_STRING "x509sat.uTF8String" Text, "Text in UTF-8";
}
