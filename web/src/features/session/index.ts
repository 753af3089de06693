export { loadViewer, signOut } from "./api";
export { SignInScreen } from "./sign-in-screen";
