package org.apache.commons.logging;

/** Commons Logging's interface, of which serialization sees only the name. */
public interface Log {
}
