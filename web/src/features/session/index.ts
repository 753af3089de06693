export { loadViewer, signOut } from "./api";
export { SignInForm } from "./sign-in-form";
export { SignInScreen } from "./sign-in-screen";
