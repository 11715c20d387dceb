package org.apache.axis2.clustering;

import java.io.Serializable;
import org.apache.axis2.context.ConfigurationContext;

/**
 * The top of Axis2's commands. These classes have the names, fields and methods of the real ones and nothing of
 * their behaviour: that is all from which Java works out a serialVersionUID.
 */
public abstract class ClusteringCommand implements Serializable {
    private static final long serialVersionUID = 6718700600497168213L;

    public abstract void execute(ConfigurationContext context);
}
