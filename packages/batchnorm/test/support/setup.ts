/** Before every test file: tests compare with the reference. */
import { enableReference } from "batchnorm/reference";

enableReference();
