//! Fields of `ftp-data`.

use super::kinds::*;

protocol! { ftp_data "ftp-data" "FTP Data";
    SETUP_FRAME "ftp-data.setup-frame" PacketNumber, "Packet that announced the connection";
    SETUP_METHOD "ftp-data.setup-method" Text, "How it was announced: PORT, PASV, EPRT, EPSV";
    COMMAND "ftp-data.command" Text, "Command that it carries data of";
    COMMAND_FRAME "ftp-data.command-frame" PacketNumber, "Packet with that command";
    DIRECTORY "ftp-data.current-working-directory" Text, "Directory that the client was in";
}
