//! Fields of `telnet`.

use super::kinds::*;

protocol! { telnet "telnet" "Telnet";
    CMD "telnet.cmd" U8, "Command";
    SUBCMD "telnet.subcmd" U8, "Option that the command is about; below it whether its value is asked for (1) or told (0)";
    STRING_VALUE "telnet.string_subopt.value" Text, "Value of an option that is a text";
    NAWS_WIDTH "telnet.naws_subopt.width" U16, "Columns of the window";
    NAWS_HEIGHT "telnet.naws_subopt.height" U16, "Rows of the window";
    OPTION_DATA "telnet.option_data" Bytes, "What a suboption says";
    DATA "telnet.data" Text, "A line of what is typed or shown";
}
