package interop;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InvalidClassException;
import java.io.ObjectInputStream;
import java.io.ObjectStreamClass;
import java.io.Serializable;
import org.apache.catalina.tribes.io.XByteBuffer;
import org.apache.catalina.tribes.membership.MemberImpl;

/** Object streams, read by the library where it can and else by Java with one class forgiven its version. */
final class Streams {
    private Streams() {
    }

    static Serializable read(byte[] data) throws IOException, ClassNotFoundException {
        try {
            return XByteBuffer.deserialize(data);
        } catch (InvalidClassException otherVersion) {
            return (Serializable) new Forgiving(data).readObject();
        }
    }

    /** MemberImpl got another version number after Tribes 7.0.8, and the same bytes. */
    private static final class Forgiving extends ObjectInputStream {
        Forgiving(byte[] data) throws IOException {
            super(new ByteArrayInputStream(data));
        }

        @Override
        protected ObjectStreamClass readClassDescriptor() throws IOException, ClassNotFoundException {
            ObjectStreamClass described = super.readClassDescriptor();
            boolean member = described.getName().equals(MemberImpl.class.getName());
            return member ? ObjectStreamClass.lookup(MemberImpl.class) : described;
        }
    }
}
