//! Fields of `pkcs1`.

use super::kinds::*;

protocol! { pkcs1 "pkcs-1" "PKCS#1";
    MODULUS "pkcs1.modulus" Bytes, "Modulus of an RSA key";
    PUBLIC_EXPONENT "pkcs1.publicExponent" I32, "Exponent of an RSA key";
}
