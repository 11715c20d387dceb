package interop;

import java.util.Arrays;

/**
 * The real Tribes library opposite wkasim.
 *
 * <pre>
 * constants                                what both sides have to agree on, as JSON
 * echo                                     frames from standard input in hexadecimal; each read, told, written anew
 * samples COUNT SEED                       frames of the library's making, each with the library's reading of it
 * member HOST PORT [--peer HOST:PORT]...   a member of a cluster; see ClusterMember
 *        [--domain D] [--rpc ID] [--interval-ms N] [--coordinator true]
 * </pre>
 */
public final class Interop {
    private Interop() {
    }

    public static void main(String[] arguments) throws Exception {
        String mode = arguments.length == 0 ? "" : arguments[0];
        if (mode.equals("constants")) {
            System.out.println(Json.write(Frames.constants()));
        } else if (mode.equals("echo")) {
            Frames.echo();
        } else if (mode.equals("samples")) {
            new Samples(Long.parseLong(arguments[2])).print(Integer.parseInt(arguments[1]));
        } else if (mode.equals("member")) {
            String[] options = Arrays.copyOfRange(arguments, 3, arguments.length);
            new ClusterMember(arguments[1], Integer.parseInt(arguments[2]), options).run();
            System.exit(0); // Threads of the library may linger.
        } else {
            System.err.println("usage: constants | echo | samples COUNT SEED | member HOST PORT [--peer HOST:PORT]...");
            System.exit(2);
        }
    }
}
