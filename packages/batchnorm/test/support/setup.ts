/**
 * Before every test file: tests compare with the reference, and programs they start write words without colour,
 * also where continuous integration asks for it.
 */
import { enableReference } from "batchnorm/reference";

delete process.env.CI;
delete process.env.FORCE_COLOR;
process.env.NO_COLOR = "1";

enableReference();
