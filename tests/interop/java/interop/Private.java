package interop;

import java.lang.reflect.Field;

/** Fields that their classes keep to themselves. */
final class Private {
    private Private() {
    }

    static Object get(Object owner, String name) {
        return read(owner.getClass(), owner, name);
    }

    static Object constant(Class<?> owner, String name) {
        return read(owner, null, name);
    }

    private static Object read(Class<?> type, Object owner, String name) {
        try {
            Field field = type.getDeclaredField(name);
            field.setAccessible(true);
            return field.get(owner);
        } catch (ReflectiveOperationException error) {
            throw new IllegalStateException(error);
        }
    }
}
