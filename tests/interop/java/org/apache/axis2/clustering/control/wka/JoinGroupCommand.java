package org.apache.axis2.clustering.control.wka;

import org.apache.axis2.clustering.control.ControlCommand;
import org.apache.axis2.context.ConfigurationContext;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.impl.Jdk14Logger;

/** JOIN; Java computes its version. Its logger is a field of the object and travels with it. */
public class JoinGroupCommand extends ControlCommand {
    private Log log = new Jdk14Logger(JoinGroupCommand.class.getName());

    public void execute(ConfigurationContext context) {
    }
}
